//! Reads one HTTP/1.1 answer, or one request, from bytes that come in pieces: status, body, whether the connection stays open.

/// Longer headers are none of a server under test.
const HEAD_LIMIT: usize = 64 << 10;
/// Longer requests are none that was passed on: a server takes bodies up to 1 MiB.
const REQUEST_LIMIT: usize = 2 << 20;

#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub close: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub body: Vec<u8>,
    pub close: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// What the fields of a head say of what comes after it.
struct Framing {
    length: Option<usize>,
    chunked: bool,
    close: bool,
}

/// The first answer in `bytes` with the number of bytes that it takes; None where more are needed.
///
/// A body needs a length or chunks: what only ends with the connection can't be told from an answer that was cut off.
pub fn answer(bytes: &[u8]) -> Result<Option<(Answer, usize)>, Malformed> {
    let Some(end) = head(bytes)? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| Malformed)?;
    let mut lines = text.split("\r\n");
    let (status, old) = status(lines.next().unwrap_or_default())?;
    let Framing { length, chunked, close } = framing(lines, old)?;
    let rest = &bytes[end + 4..];
    let found = if chunked { chunks(rest)? } else { plain(rest, length.ok_or(Malformed)?) };
    Ok(found.map(|(body, used)| (Answer { status, body, close }, end + 4 + used)))
}

/// The same of a request, which must begin with `line`; without a length or chunks it has no body.
pub fn request(bytes: &[u8], line: &str) -> Result<Option<(Request, usize)>, Malformed> {
    let Some(end) = head(bytes)? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| Malformed)?;
    let mut lines = text.split("\r\n");
    if lines.next() != Some(line) {
        return Err(Malformed);
    }
    let Framing { length, chunked, close } = framing(lines, false)?;
    if (chunked && length.is_some()) || length.is_some_and(|length| length > REQUEST_LIMIT) {
        return Err(Malformed);
    }
    let rest = &bytes[end + 4..];
    let found = if chunked { chunks(rest)? } else { plain(rest, length.unwrap_or(0)) };
    match found {
        Some((body, used)) => Ok(Some((Request { body, close }, end + 4 + used))),
        None if rest.len() > REQUEST_LIMIT => Err(Malformed),
        None => Ok(None),
    }
}

/// Where a head ends; None where more is needed.
fn head(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        None if bytes.len() > HEAD_LIMIT => Err(Malformed),
        found => Ok(found),
    }
}

fn framing<'a>(lines: impl Iterator<Item = &'a str>, old: bool) -> Result<Framing, Malformed> {
    let mut found = Framing { length: None, chunked: false, close: old };
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Malformed)?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            found.length = Some(value.parse::<usize>().map_err(|_| Malformed)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            found.chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            found.close = value.eq_ignore_ascii_case("close");
        }
    }
    Ok(found)
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

    const LINE: &str = "POST /x HTTP/1.1";
    const ASKED: &[u8] = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    const IN_CHUNKS: &[u8] = b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

    #[test]
    fn whole_requests_and_pieces_of_them() {
        for (whole, close) in [(ASKED, false), (IN_CHUNKS, true)] {
            let asked = Request { body: b"hello".to_vec(), close };
            assert_eq!(request(whole, LINE), Ok(Some((asked, whole.len()))));
            for cut in 0..whole.len() {
                assert_eq!(request(&whole[..cut], LINE), Ok(None), "{cut}");
            }
        }
        let bare = b"POST /x HTTP/1.1\r\nHost: a\r\n\r\n";
        let empty = Request { body: Vec::new(), close: false };
        assert_eq!(request(bare, LINE), Ok(Some((empty, bare.len()))));
    }

    #[test]
    fn what_is_no_request() {
        for bad in [
            "GET /x HTTP/1.1\r\n\r\n",
            "POST /y HTTP/1.1\r\n\r\n",
            "POST /x HTTP/1.1\r\nno field\r\n\r\n",
            "POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST /x HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
            "POST /x HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        ] {
            assert_eq!(request(bad.as_bytes(), LINE), Err(Malformed), "{bad}");
        }
        let endless = [
            b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            vec![b'0'; REQUEST_LIMIT + 1],
        ];
        assert_eq!(request(&endless.concat(), LINE), Err(Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(&bytes);
            let _ = request(&bytes, LINE);
            let _ = request(&[b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &bytes].concat(), LINE);
            let _ = answer(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &bytes].concat());
        }
    }
}
