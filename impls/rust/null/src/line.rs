//! One connection: bytes in, whole requests out of them, answers on their way.
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

const HEADERS: usize = 32;
const ROOM: usize = 16 << 10;

/// A request as far as this server looks at it.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    pub get: bool,
    pub body: &'a [u8],
}

pub struct Line {
    pub stream: TcpStream,
    held: Vec<u8>,
    filled: usize,
    owed: Vec<u8>,
}

impl Line {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, held: vec![0; ROOM], filled: 0, owed: Vec::new() }
    }

    /// Whether the socket must be watched for room to write.
    pub fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Takes what has come and answers each whole request by `answer`; how many. An error ends the connection.
    pub fn turn<'t>(&mut self, answer: impl Fn(&Asked<'_>) -> &'t [u8]) -> io::Result<u64> {
        self.fill()?;
        let (mut answered, mut used) = (0, 0);
        while let Some((asked, length)) = parse(&self.held[used..self.filled])? {
            self.owed.extend_from_slice(answer(&asked));
            used += length;
            answered += 1;
        }
        self.held.copy_within(used..self.filled, 0);
        self.filled -= used;
        self.flush()?;
        Ok(answered)
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.filled == self.held.len() {
            return Err(ErrorKind::OutOfMemory.into());
        }
        match self.stream.read(&mut self.held[self.filled..]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                self.filled += n;
                Ok(())
            }
            Err(error) if patient(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.owes() {
            match self.stream.write(&self.owed) {
                Ok(n) => drop(self.owed.drain(..n)),
                Err(error) if patient(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn patient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// The first request and its length in bytes; None while it is not whole.
fn parse(bytes: &[u8]) -> io::Result<Option<(Asked<'_>, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let begun = request.parse(bytes).map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
    let httparse::Status::Complete(head) = begun else { return Ok(None) };
    let length =
        match request.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length")) {
            Some(header) => {
                std::str::from_utf8(header.value).ok().and_then(|text| text.parse().ok())
            }
            None => Some(0),
        };
    let length: usize = length.ok_or(ErrorKind::InvalidData)?;
    let body = bytes.get(head..).and_then(|rest| rest.get(..length));
    Ok(body.map(|body| (Asked { get: request.method == Some("GET"), body }, head + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &[u8] = b"POST /predict HTTP/1.1\r\ncontent-LENGTH: 2\r\n\r\n{}";

    #[test]
    fn a_request_is_whole_with_its_last_byte_and_not_before() {
        for cut in 0..POST.len() {
            assert_eq!(parse(&POST[..cut]).unwrap(), None, "{cut}");
        }
        let two = [POST, POST].concat();
        let (asked, length) = parse(&two).unwrap().unwrap();
        assert_eq!((asked, length), (Asked { get: false, body: b"{}" }, POST.len()));
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
        assert!(parse(b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n").is_err());
    }
}
