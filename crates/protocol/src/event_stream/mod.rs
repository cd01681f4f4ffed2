//! Stub.
#![allow(missing_docs, missing_debug_implementations)]
mod kind;
pub mod read;
mod stream;
pub mod write;
mod writer;
use bytes::Bytes;
pub(crate) use kind::error_of;
pub use kind::{Kind, exception, header, required};
pub use stream::{CONTENT_TYPE, EventStream, EventStreamInput, EventStreamOutput};
pub use writer::Writer;
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    h: Vec<(String, Owned)>,
    payload: Bytes,
}
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    S(String),
    B(Bytes),
    V(HeaderValue<'static>),
}
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    Boolean(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    ByteArray(&'a [u8]),
    String(&'a str),
    Timestamp(i64),
    Uuid([u8; 16]),
}
impl HeaderValue<'_> {
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "a boolean",
            Self::Byte(_) => "a byte",
            Self::Short(_) => "a short",
            Self::Integer(_) => "an integer",
            Self::Long(_) => "a long",
            Self::ByteArray(_) => "a byte array",
            Self::String(_) => "a string",
            Self::Timestamp(_) => "a timestamp",
            Self::Uuid(_) => "a UUID",
        }
    }
}
#[derive(Debug)]
pub struct Builder(Message);
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct HeaderError;
impl Message {
    pub fn builder() -> Builder {
        Builder(Message { h: vec![], payload: Bytes::new() })
    }
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }
    pub fn headers(&self) -> impl Iterator<Item = (&str, HeaderValue<'_>)> {
        self.h.iter().map(|x| {
            (
                x.0.as_str(),
                match &x.1 {
                    Owned::S(s) => HeaderValue::String(s),
                    Owned::B(b) => HeaderValue::ByteArray(b),
                    Owned::V(v) => *v,
                },
            )
        })
    }
    pub fn header(&self, name: &str) -> Option<HeaderValue<'_>> {
        self.h.iter().find(|x| x.0 == name).map(|x| match &x.1 {
            Owned::S(s) => HeaderValue::String(s),
            Owned::B(b) => HeaderValue::ByteArray(b),
            Owned::V(v) => *v,
        })
    }
}
impl Builder {
    pub fn header(&mut self, name: &str, v: HeaderValue<'_>) -> Result<&mut Self, HeaderError> {
        let o = match v {
            HeaderValue::String(s) => Owned::S(s.to_owned()),
            HeaderValue::ByteArray(b) => Owned::B(Bytes::copy_from_slice(b)),
            HeaderValue::Boolean(b) => Owned::V(HeaderValue::Boolean(b)),
            HeaderValue::Byte(b) => Owned::V(HeaderValue::Byte(b)),
            HeaderValue::Short(b) => Owned::V(HeaderValue::Short(b)),
            HeaderValue::Integer(b) => Owned::V(HeaderValue::Integer(b)),
            HeaderValue::Long(b) => Owned::V(HeaderValue::Long(b)),
            HeaderValue::Timestamp(b) => Owned::V(HeaderValue::Timestamp(b)),
            HeaderValue::Uuid(b) => Owned::V(HeaderValue::Uuid(b)),
        };
        self.0.h.push((name.to_owned(), o));
        Ok(self)
    }
    pub fn payload(mut self, p: impl Into<Bytes>) -> Message {
        self.0.payload = p.into();
        self.0
    }
}
