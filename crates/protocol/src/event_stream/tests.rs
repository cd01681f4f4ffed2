//! Tests of frames: round trips, arbitrary chunks, and malformed input.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn message(headers: &[(&str, HeaderValue<'_>)], payload: &[u8]) -> Message {
    let mut builder = Message::builder();
    for (name, value) in headers {
        builder.header(name, *value).unwrap();
    }
    builder.payload(payload.to_vec())
}

fn encoded(messages: &[Message]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        message.encode(&mut bytes).unwrap();
    }
    bytes
}

type Decoded = (Vec<Message>, Result<(), String>);

/// Decodes the pieces of a stream. Returns all messages, and the result at the end of the stream. Checks that
/// `push` and `push_bytes` lead to the same result.
fn decoded(pieces: &[&[u8]]) -> Decoded {
    let chunk = |piece: &[u8]| Bytes::copy_from_slice(piece);
    let copied = decoded_by(pieces, |decoder, _, piece| decoder.push(piece));
    let uncopied = decoded_by(pieces, |decoder, _, piece| decoder.push_bytes(chunk(piece)));
    let alternating = decoded_by(pieces, |decoder, turn, piece| match turn % 2 {
        0 => decoder.push_bytes(chunk(piece)),
        _ => decoder.push(piece),
    });
    assert_eq!(copied, uncopied);
    assert_eq!(copied, alternating);
    copied
}

fn decoded_by(pieces: &[&[u8]], push: impl Fn(&mut Decoder, usize, &[u8])) -> Decoded {
    let (mut decoder, mut messages) = (Decoder::new(), Vec::new());
    for (turn, piece) in pieces.iter().enumerate() {
        push(&mut decoder, turn, piece);
        loop {
            match decoder.decode() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.offset(), encoded(&messages).len() as u64);
                    assert_eq!(decoder.decode().unwrap_err(), error, "later calls return the same error");
                    return (messages, Err(error.to_string()));
                }
            }
        }
    }
    assert_eq!(decoder.offset(), encoded(&messages).len() as u64);
    (messages, decoder.finish().map_err(|error| error.to_string()))
}

/// A frame with the header `a` and the payload `hello!!`. The value of the header is the integer -2. A Python
/// program wrote this frame with `struct` and `zlib.crc32`.
const FRAME: &[u8] = &[
    0, 0, 0, 30, 0, 0, 0, 7, 36, 150, 99, 41, 1, 97, 4, 255, 255, 255, 254, 104, 101, 108, 108, 111, 33, 33,
    224, 123, 72, 37,
];

#[test]
fn decodes_and_encodes_a_frame_written_by_another_program() {
    let message = message(&[("a", HeaderValue::Integer(-2))], b"hello!!");
    assert_eq!(decoded(&[FRAME]), (vec![message.clone()], Ok(())));
    assert_eq!(encoded(&[message]), FRAME);
}

#[test]
fn encodes_the_layout_of_the_specification() {
    let bytes = encoded(&[message(&[("a", HeaderValue::Boolean(true))], b"hi")]);
    assert_eq!(bytes.len(), 12 + 3 + 2 + 4);
    assert_eq!(bytes[..8], [0, 0, 0, 21, 0, 0, 0, 3]);
    assert_eq!(bytes[8..12], crc32fast::hash(&bytes[..8]).to_be_bytes());
    assert_eq!(&bytes[12..17], b"\x01a\x00hi");
    assert_eq!(bytes[17..], crc32fast::hash(&bytes[..17]).to_be_bytes());
}

#[test]
fn errors_name_the_malformed_part() {
    let good = encoded(&[message(&[("a", HeaderValue::Byte(1))], b"hi")]);
    let corrupt = |offset: usize, value: u8| {
        let mut bad = good.clone();
        bad[offset] = value;
        decoded(&[&bad]).1.unwrap_err()
    };
    assert!(corrupt(0, 1).starts_with("frame 0: prelude CRC mismatch: "), "{}", corrupt(0, 1));
    assert!(corrupt(9, 1).starts_with("frame 0: prelude CRC mismatch: "), "{}", corrupt(9, 1));
    assert!(corrupt(13, 1).starts_with("frame 0: message CRC mismatch: "), "{}", corrupt(13, 1));
    assert!(corrupt(good.len() - 1, 1).starts_with("frame 0: message CRC mismatch: "));
    let prelude = |total: u32, headers: u32| {
        let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        decoded(&[&bytes]).1.unwrap_err()
    };
    assert_eq!(prelude(15, 0), "frame 0: invalid length: 15 bytes in total with 0 bytes of headers");
    assert_eq!(prelude(17, 2), "frame 0: invalid length: 17 bytes in total with 2 bytes of headers");
    let long =
        "frame 0: 131073 bytes of headers and 0 bytes of payload exceed the limits of 131072 and 25165824";
    assert_eq!(prelude(16 + 131_073, 131_073), long);
    let long =
        "frame 0: 0 bytes of headers and 25165825 bytes of payload exceed the limits of 131072 and 25165824";
    assert_eq!(prelude(16 + 25_165_825, 0), long);
    assert_eq!(prelude(16, 0), "the stream ended inside a frame: 12 bytes after 0 complete messages");
}

#[test]
fn rejects_malformed_headers_and_names_their_offset() {
    let error = |headers: &[u8]| {
        let message = Message::from_raw(headers.to_vec().into(), Default::default());
        decoded(&[&encoded(&[message])]).1.unwrap_err()
    };
    let valid = b"\x01a\x00";
    for (bad, reason) in [
        (&b"\x00\x00"[..], "has no name"),
        (b"\x02a", "extends past the end of the headers"),
        (b"\x01a", "extends past the end of the headers"),
        (b"\x01a\x0a", "has an unknown type"),
        (b"\x01a\x04\x00\x00", "extends past the end of the headers"),
        (b"\x01a\x07\x00\x02a", "extends past the end of the headers"),
        (b"\x01a\x07\x00\x01\xff", "is a string that is not UTF-8"),
        (b"\x01\xff\x00", "has a name that is not UTF-8"),
    ] {
        let expected = format!("frame 0: the header at byte 3 of the headers {reason}");
        assert_eq!(error(&[valid, bad].concat()), expected, "{bad:?}");
    }
}

#[test]
fn does_not_encode_headers_and_payloads_that_are_too_long() {
    let mut builder = Message::builder();
    let error = |builder: &mut Builder, name: &str, value: HeaderValue<'_>| {
        builder.header(name, value).map(|_| ()).unwrap_err().to_string()
    };
    let long = "a".repeat(32_768);
    assert_eq!(error(&mut builder, "", HeaderValue::Byte(1)), "its name has 0 bytes, but must have 1 to 255");
    assert!(error(&mut builder, &long[..256], HeaderValue::Byte(1)).starts_with("its name has 256 bytes"));
    assert!(error(&mut builder, "a", HeaderValue::String(&long)).starts_with("its value has 32768 bytes"));
    assert!(
        error(&mut builder, "a", HeaderValue::ByteArray(long.as_bytes())).starts_with("its value has 32768")
    );
    for _ in 0..4 {
        builder.header("a", HeaderValue::String(&long[1..])).unwrap();
    }
    assert_eq!(builder.clone().payload("").headers().count(), 4);
    let mut out = vec![1];
    builder.header("a", HeaderValue::Boolean(true)).unwrap();
    let error = builder.payload("").encode(&mut out).unwrap_err();
    assert_eq!((error.headers, out), (4 * (5 + 32_767) + 3, vec![1]));
    let error = Message::builder().payload(vec![0; MAX_PAYLOAD + 1]).encode(&mut Vec::new()).unwrap_err();
    assert_eq!(error.payload, MAX_PAYLOAD + 1);
}

#[test]
fn debug_does_not_print_values() {
    let message = message(&[("name", HeaderValue::String("secret"))], b"secret");
    let mut decoder = Decoder::new();
    decoder.push(b"secret");
    let text = format!("{message:?} {:?} {decoder:?}", message.headers());
    assert!(!text.contains("secret") && text.contains("name"), "{text}");
}

#[test]
fn does_not_allocate_memory_for_announced_bytes() {
    let mut prelude = (16u32 + 24 * 1024 * 1024).to_be_bytes().to_vec();
    prelude.extend(0u32.to_be_bytes());
    prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
    let mut decoder = Decoder::new();
    decoder.push(&prelude);
    assert_eq!(decoder.decode(), Ok(None));
    decoder.push(&[0; 1000]);
    assert_eq!(decoder.decode(), Ok(None));
    assert!(decoder.capacity() < 8 * 1024, "{}", decoder.capacity());
}

#[test]
fn payloads_are_slices_of_the_pushed_bytes() {
    let mut decoder = Decoder::new();
    decoder.push(&encoded(&[message(&[], b"one"), message(&[], b"two")]));
    let first = decoder.decode().unwrap().unwrap().into_payload();
    let second = decoder.decode().unwrap().unwrap().into_payload();
    // The CRC of the first frame and the prelude of the second frame are between the payloads.
    assert_eq!(first.as_ptr() as usize + 3 + 4 + 12, second.as_ptr() as usize);
}

#[test]
fn copies_only_frames_that_arrive_in_pieces() {
    let bytes = Bytes::from(encoded(&["one", "two", "six"].map(|payload| message(&[], payload.as_bytes()))));
    let mut decoder = Decoder::new();
    let mut next = |piece: Bytes| {
        decoder.push_bytes(piece);
        std::iter::from_fn(|| decoder.decode().unwrap()).map(Message::into_payload).collect::<Vec<_>>()
    };
    let range = bytes.as_ptr_range();
    let is_slice = |payload: &Bytes| range.contains(&payload.as_ptr());
    let (first, rest) = (next(bytes.slice(..30)), next(bytes.slice(30..)));
    assert_eq!((first.concat(), rest.concat()), (b"one".to_vec(), b"twosix".to_vec()));
    assert_eq!((is_slice(&first[0]), is_slice(&rest[0]), is_slice(&rest[1])), (true, false, true));
}

#[test]
fn keeps_chunks_that_are_pushed_before_decoding() {
    let bytes = encoded(&[message(&[], b"one"), message(&[], b"two")]);
    let mut decoder = Decoder::new();
    for piece in bytes.chunks(7) {
        decoder.push_bytes(Bytes::copy_from_slice(piece));
    }
    assert_eq!(decoder.finish().unwrap_err().bytes, bytes.len());
    let payloads = std::iter::from_fn(|| decoder.decode().unwrap()).map(Message::into_payload);
    assert_eq!(payloads.collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(decoder.finish(), Ok(()));
}

fn value() -> impl Strategy<Value = Owned> {
    prop_oneof![
        any::<bool>().prop_map(Owned::Boolean),
        any::<i8>().prop_map(Owned::Byte),
        any::<i16>().prop_map(Owned::Short),
        any::<i32>().prop_map(Owned::Integer),
        any::<i64>().prop_map(Owned::Long),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Owned::ByteArray),
        ".{0,20}".prop_map(Owned::String),
        any::<i64>().prop_map(Owned::Timestamp),
        any::<[u8; 16]>().prop_map(Owned::Uuid),
    ]
}

#[derive(Clone, Debug)]
enum Owned {
    Boolean(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    ByteArray(Vec<u8>),
    String(String),
    Timestamp(i64),
    Uuid([u8; 16]),
}

impl Owned {
    fn value(&self) -> HeaderValue<'_> {
        match self {
            Self::Boolean(value) => HeaderValue::Boolean(*value),
            Self::Byte(value) => HeaderValue::Byte(*value),
            Self::Short(value) => HeaderValue::Short(*value),
            Self::Integer(value) => HeaderValue::Integer(*value),
            Self::Long(value) => HeaderValue::Long(*value),
            Self::ByteArray(value) => HeaderValue::ByteArray(value),
            Self::String(value) => HeaderValue::String(value),
            Self::Timestamp(value) => HeaderValue::Timestamp(*value),
            Self::Uuid(value) => HeaderValue::Uuid(*value),
        }
    }
}

fn any_message() -> impl Strategy<Value = Message> {
    let headers = prop::collection::vec(("[a-z:é]{1,9}", value()), 0..5);
    (headers, prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(headers, payload)| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.value())).collect();
        message(&headers, &payload)
    })
}

proptest! {
    #[test]
    fn messages_round_trip_in_arbitrary_chunks(messages in prop::collection::vec(any_message(), 0..4), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let bytes = encoded(&messages);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(decoded(&pieces), (messages, Ok(())));
    }

    #[test]
    fn detects_each_flipped_bit(message in any_message(), offset in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = encoded(&[message]);
        let offset = offset.index(bytes.len());
        bytes[offset] ^= 1u8 << bit;
        let (messages, end) = decoded(&[&bytes]);
        prop_assert!(messages.is_empty() && end.is_err());
    }

    #[test]
    fn detects_truncation_inside_a_frame(messages in prop::collection::vec(any_message(), 1..4), offset in any::<prop::sample::Index>()) {
        let bytes = encoded(&messages);
        let offset = offset.index(bytes.len());
        let (complete, end) = decoded(&[&bytes[..offset]]);
        let between = encoded(&messages[..complete.len()]).len();
        prop_assert_eq!(&complete[..], &messages[..complete.len()]);
        prop_assert_eq!(end.is_ok(), offset == between, "{:?}", end);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), headers in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = decoded(&[&bytes]);
        // Also test malformed headers in a frame with valid checksums.
        let _ = decoded(&[&encoded(&[Message::from_raw(headers.into(), bytes.into())])]);
    }
}
