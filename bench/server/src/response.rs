//! Response for each model.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use bench_workload::{LARGE, LARGE_LENGTH, RESPONSE_LENGTH};
use tokio::sync::Barrier;

use crate::event;

/// Status line and first headers of a response, in the same format as Amazon Bedrock. The headers that
/// describe the body follow.
const HEAD: &str = "HTTP/1.1 200 OK\r\n\
    Date: Tue, 24 Nov 2026 12:00:00 GMT\r\n\
    Connection: keep-alive\r\n\
    x-amzn-RequestId: 5c3ab1e2-0d6f-4a38-9c7e-0f1d2b3a4c5d\r\n";

/// Response to one call.
pub(crate) enum Response {
    /// A complete response, sent after a delay.
    Whole(Rc<[u8]>, Duration),
    /// A complete response, sent when the number of waiting calls reaches the size of the barrier.
    Held(Rc<Barrier>, Rc<[u8]>),
    /// A stream: the status line and headers, followed by `count` copies of `event`.
    Events { head: Rc<[u8]>, event: Rc<[u8]>, count: usize },
}

/// All responses. They are created before the first call.
pub(crate) struct Responses {
    pause: Duration,
    small: Rc<[u8]>,
    large: Rc<[u8]>,
    head: Rc<[u8]>,
    event: Rc<[u8]>,
    barriers: RefCell<HashMap<usize, Rc<Barrier>>>,
}

impl Responses {
    pub(crate) fn new(pause: Duration) -> Self {
        let text = r#"{"type":"message","role":"assistant","content":[{"type":"text","text":""#;
        let end = r#""}],"stop_reason":"end_turn","usage":{"input_tokens":52,"output_tokens":9}}"#;
        let filler = "a".repeat(RESPONSE_LENGTH - text.len() - end.len());
        let small = whole(format!("{text}{filler}{end}").as_bytes());
        let large = whole(&vec![b'a'; LARGE_LENGTH]);
        Self {
            pause,
            small,
            large,
            head: stream_head(),
            event: event::chunk().into(),
            barriers: RefCell::default(),
        }
    }

    /// Returns the response for the model in a request target.
    pub(crate) fn of(&self, target: &str) -> Response {
        let model = target.trim_start_matches("/model/").split('/').next().unwrap_or_default();
        let counted = model.split_once('-').and_then(|(name, count)| Some((name, count.parse().ok()?)));
        match counted {
            Some(("bench.events", count)) => {
                Response::Events { head: Rc::clone(&self.head), event: Rc::clone(&self.event), count }
            }
            Some(("bench.held", count)) => Response::Held(self.barrier(count), Rc::clone(&self.small)),
            _ if model == LARGE => Response::Whole(Rc::clone(&self.large), Duration::ZERO),
            _ => Response::Whole(Rc::clone(&self.small), self.pause),
        }
    }

    fn barrier(&self, count: usize) -> Rc<Barrier> {
        let mut barriers = self.barriers.borrow_mut();
        Rc::clone(barriers.entry(count).or_insert_with(|| Rc::new(Barrier::new(count))))
    }
}

fn whole(body: &[u8]) -> Rc<[u8]> {
    let head = format!(
        "{HEAD}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\
         X-Amzn-Bedrock-Invocation-Latency: 417\r\n\
         X-Amzn-Bedrock-Input-Token-Count: 52\r\n\
         X-Amzn-Bedrock-Output-Token-Count: 9\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat().into()
}

fn stream_head() -> Rc<[u8]> {
    let headers = "Content-Type: application/vnd.amazon.eventstream\r\n\
                  Transfer-Encoding: chunked\r\n\
                  X-Amzn-Bedrock-Content-Type: application/json\r\n\r\n";
    format!("{HEAD}{headers}").into_bytes().into()
}
