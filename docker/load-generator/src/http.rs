//! Reads one HTTP/1.1 answer from bytes that come in pieces: status, body, whether the connection stays open.

/// Longer headers are no answer of a server under test.
const HEAD_LIMIT: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub close: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// The first answer in `bytes` with the number of bytes that it takes; None where more are needed.
///
/// A body needs a length or chunks: what only ends with the connection can't be told from an answer that was cut off.
pub fn answer(bytes: &[u8]) -> Result<Option<(Answer, usize)>, Malformed> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_LIMIT { Err(Malformed) } else { Ok(None) };
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Malformed)?;
    let mut lines = head.split("\r\n");
    let (status, old) = status(lines.next().unwrap_or_default())?;
    let (mut length, mut chunked, mut close) = (None, false, old);
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Malformed)?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse::<usize>().map_err(|_| Malformed)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            close = value.eq_ignore_ascii_case("close");
        }
    }
    let rest = &bytes[end + 4..];
    let found = if chunked { chunks(rest)? } else { plain(rest, length.ok_or(Malformed)?) };
    Ok(found.map(|(body, used)| (Answer { status, body, close }, end + 4 + used)))
}

fn status(line: &str) -> Result<(u16, bool), Malformed> {
    let (version, rest) = line.split_once(' ').ok_or(Malformed)?;
    let code = rest.get(..3).and_then(|code| code.parse().ok()).ok_or(Malformed)?;
    match version {
        "HTTP/1.1" => Ok((code, false)),
        "HTTP/1.0" => Ok((code, true)),
        _ => Err(Malformed),
    }
}

fn plain(rest: &[u8], length: usize) -> Option<(Vec<u8>, usize)> {
    rest.get(..length).map(|body| (body.to_vec(), length))
}

fn chunks(rest: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = rest[at..].windows(2).position(|two| two == b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(&rest[at..at + line]).map_err(|_| Malformed)?;
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
            .map_err(|_| Malformed)?;
        at += line + 2;
        let end = at.checked_add(size).and_then(|end| end.checked_add(2)).ok_or(Malformed)?;
        let Some(chunk) = rest.get(at..end) else {
            return Ok(None);
        };
        if &chunk[size..] != b"\r\n" {
            return Err(Malformed);
        }
        body.extend_from_slice(&chunk[..size]);
        at = end;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    const CHUNKED: &[u8] = b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\nConnection: close\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";

    #[test]
    fn whole_answers() {
        let plain = Answer { status: 200, body: b"hello".to_vec(), close: false };
        assert_eq!(answer(LENGTH), Ok(Some((plain, LENGTH.len()))));
        let other = Answer { status: 404, body: b"hello".to_vec(), close: true };
        assert_eq!(answer(CHUNKED), Ok(Some((other, CHUNKED.len()))));
    }

    #[test]
    fn a_piece_is_no_answer_yet() {
        for whole in [LENGTH, CHUNKED] {
            for cut in 0..whole.len() {
                assert_eq!(answer(&whole[..cut]), Ok(None), "{cut}");
            }
        }
    }

    #[test]
    fn what_is_no_answer() {
        for bad in [
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        ] {
            assert_eq!(answer(bad.as_bytes()), Err(Malformed), "{bad}");
        }
        assert_eq!(answer(&[b'a'; HEAD_LIMIT + 1]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(&bytes);
            let _ = answer(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &bytes].concat());
        }
    }
}
