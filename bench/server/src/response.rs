//! Response for each operation and model.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use bench_workload::{CONVERSE_TEXT_LENGTH, COUNTS, LARGE, LARGE_LENGTH, RESPONSE_LENGTH};
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
    /// A response whose body is the end of `large`.
    Sized { head: Vec<u8>, large: Rc<[u8]>, length: usize },
    /// A stream: the status line and headers, followed by `count` copies of an event. `group` contains [`GROUP`] events.
    Events { head: Rc<[u8]>, group: Rc<[u8]>, count: usize },
    /// A stream with a pause before each event. Each event contains its time.
    Paced { head: Rc<[u8]>, count: usize },
}

/// A stream of one operation: the status line and headers, and [`GROUP`] copies of an event.
struct Stream {
    head: Rc<[u8]>,
    group: Rc<[u8]>,
}

/// Number of events that the server writes at once. It is large, so that the server does not limit the rate of events.
pub(crate) const GROUP: usize = 128;

/// All responses. They are created before the first call.
pub(crate) struct Responses {
    pause: Duration,
    pub(crate) small: Rc<[u8]>,
    large: Rc<[u8]>,
    converse: Rc<[u8]>,
    stream: Stream,
    converse_stream: Stream,
    barriers: RefCell<HashMap<usize, Rc<Barrier>>>,
    /// Numbers of HTTP/2 connections and requests.
    pub(crate) http2: [Cell<u64>; 2],
}

impl Responses {
    pub(crate) fn new(pause: Duration) -> Self {
        let text = r#"{"type":"message","role":"assistant","content":[{"type":"text","text":""#;
        let end = r#""}],"stop_reason":"end_turn","usage":{"input_tokens":52,"output_tokens":9}}"#;
        let filler = "a".repeat(RESPONSE_LENGTH - text.len() - end.len());
        let small = whole(INVOKE_HEADERS, format!("{text}{filler}{end}").as_bytes());
        let large = whole(INVOKE_HEADERS, &vec![b'a'; LARGE_LENGTH]);
        Self {
            pause,
            small,
            large,
            converse: whole("", converse_body().as_bytes()),
            stream: Stream::new("X-Amzn-Bedrock-Content-Type: application/json\r\n", &event::frame()),
            converse_stream: Stream::new("", &event::converse_frame()),
            barriers: RefCell::default(),
            http2: Default::default(),
        }
    }

    /// Returns the response for the model and the operation in a request target.
    pub(crate) fn of(&self, target: &str) -> Response {
        let mut segments = target.trim_start_matches("/model/").split('/');
        let (model, operation) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        let counted = model.split_once('-').and_then(|(name, count)| Some((name, count.parse().ok()?)));
        match counted {
            Some(("bench.events", count)) => {
                let stream =
                    if operation == "converse-stream" { &self.converse_stream } else { &self.stream };
                Response::Events { head: Rc::clone(&stream.head), group: Rc::clone(&stream.group), count }
            }
            Some(("bench.sized", length)) => Response::Sized {
                head: head(INVOKE_HEADERS, length).into_bytes(),
                large: Rc::clone(&self.large),
                length,
            },
            Some(("bench.paced", count)) => Response::Paced { head: Rc::clone(&self.stream.head), count },
            Some(("bench.held", count)) => Response::Held(self.barrier(count), Rc::clone(&self.small)),
            _ if model == COUNTS => {
                let [connections, requests] = &self.http2;
                let counts = format!("{} {}", connections.get(), requests.get());
                Response::Whole(whole("", counts.as_bytes()), Duration::ZERO)
            }
            _ if operation == "converse" => Response::Whole(Rc::clone(&self.converse), self.pause),
            _ if model == LARGE => Response::Whole(Rc::clone(&self.large), Duration::ZERO),
            _ => Response::Whole(Rc::clone(&self.small), self.pause),
        }
    }

    fn barrier(&self, count: usize) -> Rc<Barrier> {
        let mut barriers = self.barriers.borrow_mut();
        Rc::clone(barriers.entry(count).or_insert_with(|| Rc::new(Barrier::new(count))))
    }
}

impl Stream {
    /// Creates a stream with additional headers of its operation.
    fn new(headers: &str, frame: &[u8]) -> Self {
        let head = format!(
            "{HEAD}Content-Type: application/vnd.amazon.eventstream\r\n\
             Transfer-Encoding: chunked\r\n{headers}\r\n"
        );
        Self { head: head.into_bytes().into(), group: event::chunk(frame).repeat(GROUP).into() }
    }
}

/// Additional headers of a response of `InvokeModel`.
const INVOKE_HEADERS: &str = "X-Amzn-Bedrock-Invocation-Latency: 417\r\n\
    X-Amzn-Bedrock-Input-Token-Count: 52\r\n\
    X-Amzn-Bedrock-Output-Token-Count: 9\r\n";

fn whole(headers: &str, body: &[u8]) -> Rc<[u8]> {
    [head(headers, body.len()).as_bytes(), body].concat().into()
}

fn head(headers: &str, length: usize) -> String {
    format!("{HEAD}Content-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n")
}

fn converse_body() -> String {
    let text = "a".repeat(CONVERSE_TEXT_LENGTH);
    format!(
        r#"{{"metrics":{{"latencyMs":1417}},"output":{{"message":{{"content":[{{"text":"{text}"}}],"role":"assistant"}}}},"stopReason":"end_turn","usage":{{"cacheReadInputTokenCount":0,"cacheReadInputTokens":0,"cacheWriteInputTokenCount":0,"cacheWriteInputTokens":0,"inputTokens":289,"outputTokens":96,"serverToolUsage":{{}},"totalTokens":385}}}}"#
    )
}
