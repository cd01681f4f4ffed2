//! Replays recorded exchanges.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};

use super::difference::differences;
use super::exchange::{Exchange, RecordedBody, RecordedRequest};
use super::recorder::status;
use super::tokens::tokens;
use crate::backend::BoxError;
use crate::delivery::ResponseProgress;
use crate::response_body::ResponseBody;
use crate::service_error::ServiceError;

/// Recorded exchanges, in the order of the names of their files.
#[derive(Debug)]
pub(crate) struct Recordings {
    folder: PathBuf,
    recordings: Vec<Recording>,
}

#[derive(Debug)]
struct Recording {
    file: String,
    exchange: Exchange,
    /// The number of times that the exchange was replayed.
    replayed: AtomicUsize,
}

/// The error of a folder that cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A file or the folder cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The path of the file or of the folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A file is not a recorded exchange. The message contains the line and the column.
    #[error("{}: {error}", path.display())]
    Parse {
        /// The path of the file.
        path: PathBuf,
        /// The error of the parser.
        error: serde_json::Error,
    },
    /// A chunk of a response is not base64.
    #[error("{}: chunk {number} of the response is not base64: {error}", path.display())]
    Chunk {
        /// The path of the file.
        path: PathBuf,
        /// The number of the chunk, counted from 1.
        number: usize,
        /// The error of the decoder.
        error: base64::DecodeError,
    },
    /// The folder contains no recorded exchange.
    #[error("{} contains no recorded exchange: record one with --record", path.display())]
    Empty {
        /// The path of the folder.
        path: PathBuf,
    },
}

impl Recordings {
    /// Reads all `.json` files of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, ReplayError> {
        let read_error = |path: &Path, error| ReplayError::Read { path: path.to_owned(), error };
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| read_error(folder, error))? {
            let path = entry.map_err(|error| read_error(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        let recordings = paths.into_iter().map(|path| {
            let text = fs::read_to_string(&path).map_err(|error| read_error(&path, error))?;
            let exchange: Exchange = serde_json::from_str(&text)
                .map_err(|error| ReplayError::Parse { path: path.clone(), error })?;
            for (index, chunk) in exchange.response.chunks.iter().enumerate() {
                chunk.bytes().map_err(|error| ReplayError::Chunk {
                    path: path.clone(),
                    number: index + 1,
                    error,
                })?;
            }
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Recording { file, exchange, replayed: AtomicUsize::new(0) })
        });
        let recordings: Vec<_> = recordings.collect::<Result<_, _>>()?;
        if recordings.is_empty() {
            return Err(ReplayError::Empty { path: folder.to_owned() });
        }
        Ok(Self { folder: folder.to_owned(), recordings })
    }

    /// Returns the recorded response to a request with the same method, path and body. The order of the
    /// members in a JSON body and the notation of its numbers do not matter. If several exchanges match, they are replayed one after the
    /// other, and the last exchange is repeated. Sets the tokens of the progress.
    ///
    /// # Errors
    /// If no exchange matches, returns an error that names the nearest recording and the first difference.
    pub(crate) fn respond(
        &self,
        request: &Request<Bytes>,
        progress: &ResponseProgress,
    ) -> Result<Response<ResponseBody>, ServiceError> {
        let received = RecordedRequest::new(request);
        let matches = |recording: &&Recording| {
            let recorded = &recording.exchange.request;
            (&recorded.method, &recorded.path) == (&received.method, &received.path)
                && is_same_body(&recorded.body, &received.body)
        };
        let matching: Vec<_> = self.recordings.iter().filter(matches).collect();
        let unused = matching.iter().find(|recording| recording.replayed.load(Ordering::Relaxed) == 0);
        let recording = unused.or(matching.last()).ok_or_else(|| self.no_match(&received))?;
        recording.replayed.fetch_add(1, Ordering::Relaxed);
        progress.set_tokens(tokens(&recording.exchange.response));
        response(&recording.exchange)
    }

    fn no_match(&self, received: &RecordedRequest) -> ServiceError {
        let same_path = self.recordings.iter().filter(|recording| {
            let recorded = &recording.exchange.request;
            recorded.method == received.method && recorded.path == received.path
        });
        let compared = same_path.map(|recording| {
            let found = match (&recording.exchange.request.body, &received.body) {
                (RecordedBody::Json(recorded), RecordedBody::Json(received)) => {
                    differences(recorded, received)
                }
                _ => Vec::new(),
            };
            (recording, found)
        });
        let nearest = compared.min_by_key(|(_, differences)| differences.len());
        let folder = self.folder.display();
        let (method, path) = (&received.method, &received.path);
        let reason = match nearest {
            Some((recording, differences)) => match differences.first() {
                Some(first) => format!("the nearest is {}: {first}", recording.file),
                None => format!("the nearest is {}: the bodies are not JSON and differ", recording.file),
            },
            None => {
                let mut paths: Vec<_> = self
                    .recordings
                    .iter()
                    .map(|recording| {
                        format!("{} {}", recording.exchange.request.method, recording.exchange.request.path)
                    })
                    .collect();
                paths.sort();
                paths.dedup();
                format!("the recorded paths are {}", paths.join(", "))
            }
        };
        let message = format!("no recording in {folder} matches {method} {path}: {reason}");
        ServiceError::new(StatusCode::NOT_FOUND, "RecordingNotFoundException", message)
    }
}

fn is_same_body(recorded: &RecordedBody, received: &RecordedBody) -> bool {
    match (recorded, received) {
        (RecordedBody::Json(recorded), RecordedBody::Json(received)) => {
            differences(recorded, received).is_empty()
        }
        (recorded, received) => recorded == received,
    }
}

/// Returns a recorded response, with the chunks as they arrived.
fn response(exchange: &Exchange) -> Result<Response<ResponseBody>, ServiceError> {
    let recorded = &exchange.response;
    let chunks = recorded.chunks.iter().map(|chunk| chunk.bytes()).collect::<Result<VecDeque<_>, _>>();
    let chunks = chunks.map_err(|error| ServiceError::internal(error.to_string()))?;
    let is_single = chunks.len() <= 1;
    let body = if is_single {
        chunks.into_iter().next().unwrap_or_default().into()
    } else {
        ResponseBody::forwarded(Chunks(chunks).boxed_unsync())
    };
    let mut response = Response::new(body);
    *response.status_mut() = status(recorded.status);
    for (name, value) in &recorded.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// A body of recorded chunks.
struct Chunks(VecDeque<Bytes>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.get_mut().0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }
}
