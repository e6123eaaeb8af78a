//! Where a record ends: at its line's end, or as RFC 4180 has it where quotes span lines.

/// The most bytes that a record has, without its ending.
pub const LIMIT: usize = 4096;
/// So many bytes from its first on decide any record: the most it has, and CRLF.
pub const WINDOW: usize = LIMIT + 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    None,
    Readable,
    /// The record is its first line alone.
    Unreadable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed {
    /// Bytes without the ending.
    pub length: usize,
    /// Where the next record begins.
    pub next: usize,
    /// That the record covers.
    pub lines: u64,
    pub quotes: Quotes,
}

/// The record at `at`. `bytes` must end where a record or the file does.
pub fn frame(bytes: &[u8], at: usize) -> Framed {
    let rest = &bytes[at..];
    let line = line(rest);
    let next = at + line.next;
    if line.length > LIMIT || !rest[..line.length].contains(&b'"') {
        return Framed { length: line.length, next, lines: 1, quotes: Quotes::None };
    }
    match quoted(&rest[..rest.len().min(WINDOW)]) {
        Some(End { length, next }) => {
            let inside = rest[..length].iter().filter(|&&byte| byte == b'\n').count() as u64;
            Framed { length, next: at + next, lines: inside + 1, quotes: Quotes::Readable }
        }
        None => Framed { length: line.length, next, lines: 1, quotes: Quotes::Unreadable },
    }
}

struct End {
    length: usize,
    next: usize,
}

fn line(rest: &[u8]) -> End {
    match rest.iter().position(|&byte| byte == b'\n') {
        Some(end) if rest[..end].ends_with(b"\r") => End { length: end - 1, next: end + 1 },
        Some(end) => End { length: end, next: end + 1 },
        None => End { length: rest.len(), next: rest.len() },
    }
}

/// The record that begins here, quotes read; None where they cannot be, or not within [`LIMIT`].
fn quoted(window: &[u8]) -> Option<End> {
    let mut at = 0;
    loop {
        at = field_end(window, at)?;
        if at > LIMIT {
            return None;
        }
        match window[at..] {
            [] => return Some(End { length: at, next: at }),
            [b',', ..] => at += 1,
            [b'\n', ..] => return Some(End { length: at, next: at + 1 }),
            [b'\r', b'\n', ..] => return Some(End { length: at, next: at + 2 }),
            _ => return None,
        }
    }
}

fn field_end(window: &[u8], mut at: usize) -> Option<usize> {
    if window.get(at) != Some(&b'"') {
        let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
        return Some(window[at..].iter().position(special).map_or(window.len(), |end| at + end));
    }
    loop {
        at += 1;
        at += window[at..].iter().position(|&byte| byte == b'"')? + 1;
        if window.get(at) != Some(&b'"') {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(text: &str) -> (usize, usize, u64, Quotes) {
        let Framed { length, next, lines, quotes } = frame(text.as_bytes(), 0);
        (length, next, lines, quotes)
    }

    #[test]
    fn a_line_without_quotes_is_a_record() {
        assert_eq!(framed("a,b\nc\n"), (3, 4, 1, Quotes::None));
        assert_eq!(framed("a,b\r\nc\n"), (3, 5, 1, Quotes::None));
        assert_eq!(framed("a\rb\n\"x\""), (3, 4, 1, Quotes::None));
        assert_eq!(framed("\n\n"), (0, 1, 1, Quotes::None));
        assert_eq!(framed("a,b\r"), (4, 4, 1, Quotes::None));
    }

    #[test]
    fn quoted_fields_may_hold_anything() {
        assert_eq!(framed("\"a\nb\",c\nd"), (7, 8, 2, Quotes::Readable));
        assert_eq!(framed("\"a\r\n\"\"\r,\"\r\nd"), (9, 11, 2, Quotes::Readable));
        assert_eq!(framed("x,\"\""), (4, 4, 1, Quotes::Readable));
        assert_eq!(framed("\"\",\nd"), (3, 4, 1, Quotes::Readable));
    }

    #[test]
    fn quotes_that_cannot_be_read_cost_one_line() {
        for text in
            ["\"a\nb\n", "a\"b\nc\n", "\"a\"b\nc\n", "\"a\"\rb\nc", "\"a\",b\rc\nd", "\"\"\"\n"]
        {
            let end = text.find('\n').unwrap();
            assert_eq!(framed(text), (end, end + 1, 1, Quotes::Unreadable), "{text:?}");
        }
        assert_eq!(framed("\"a\"\r"), (4, 4, 1, Quotes::Unreadable));
        assert_eq!(framed("\"a\r\nb"), (2, 4, 1, Quotes::Unreadable));
    }

    #[test]
    fn the_window_is_of_the_record_without_its_ending() {
        for ending in ["", "\n", "\r\n"] {
            for length in [LIMIT - 1, LIMIT, LIMIT + 1] {
                let body = format!("\"{}\n\"", "x".repeat(length - 3));
                let framed = frame(format!("{body}{ending}").as_bytes(), 0);
                let expected = if length <= LIMIT {
                    (length, Quotes::Readable)
                } else {
                    (length - 2, Quotes::Unreadable)
                };
                assert_eq!((framed.length, framed.quotes), expected, "{length} {ending:?}");
            }
        }
    }
}
