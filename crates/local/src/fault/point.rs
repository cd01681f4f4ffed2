//! Where a connection breaks, and how.

use serde::Deserialize;

/// Where the connection of a call breaks, for a reason that is not the call's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultPoint {
    /// All of the request was read, and nothing was made of it: nobody worked on it.
    Request,
    /// An answer was made, and so many bytes of it were sent, its head included; where it has fewer, all of them.
    ResponseBytes(u64),
    /// An answer was made, and its head was sent and so many bytes of the body, as it stands on the wire; where it has
    /// fewer, all of them.
    BodyBytes(u64),
    /// An answer was made and sent, but for the chunk of length zero that ends it (RFC 9112 section 7.1). One that would
    /// have a `Content-Length` is sent in chunks instead.
    LastChunk,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// The client reads the end of the connection (FIN). What it sends afterwards is answered with a reset.
    Close,
    /// The client is told that the connection is no more (RST), and may lose what it has not read.
    Reset,
    /// The client reads the end of the connection, but what it sends is still taken, until it closes, too.
    HalfClose,
    /// Nothing more is read or sent, until the client closes or the endpoint stops.
    Stall,
}
