//! The strict path: any record at all, plain or not, into its verdict.
use crate::frame::{Framed, LIMIT, Quotes, frame};
use crate::judge::{Fields, Verdict, judge};
use crate::reason::Reason;

/// Room for the unquoted fields of one record, used again for the next.
#[derive(Default)]
pub struct Odd {
    unquoted: Vec<u8>,
    /// Where each field ends in `unquoted`.
    ends: Vec<usize>,
}

impl Odd {
    /// The record at `at` and its frame. `bytes` must end where a record or the file does.
    pub fn judge(&mut self, bytes: &[u8], at: usize) -> (Framed, Verdict<'_>) {
        let framed = frame(bytes, at);
        let verdict = match self.split(&bytes[at..at + framed.length], framed.quotes) {
            Ok(fields) => judge(&fields),
            Err(reason) => Verdict::Rejected(reason),
        };
        (framed, verdict)
    }

    /// The fields of a record's content, unquoted, or the first reason why it has not nineteen.
    fn split(&mut self, content: &[u8], quotes: Quotes) -> Result<Fields<'_>, Reason> {
        if content.len() > LIMIT {
            return Err(Reason::Long);
        }
        if content.contains(&0) {
            return Err(Reason::Nul);
        }
        if str::from_utf8(content).is_err() {
            return Err(Reason::Utf8);
        }
        self.unquoted.clear();
        self.ends.clear();
        match quotes {
            Quotes::Unreadable => return Err(Reason::Quote),
            Quotes::None if content.contains(&b'\r') => return Err(Reason::Quote),
            Quotes::None => self.cut(content),
            Quotes::Readable => self.unquote(content),
        }
        match self.ends.len() {
            0..19 => Err(Reason::Few),
            19 => Ok(self.fields()),
            _ => Err(Reason::Many),
        }
    }

    fn cut(&mut self, content: &[u8]) {
        for field in content.split(|&byte| byte == b',') {
            self.unquoted.extend_from_slice(field);
            self.ends.push(self.unquoted.len());
        }
    }

    /// Every quote is known to be lawful here, so one that is not doubled only opens or closes.
    fn unquote(&mut self, content: &[u8]) {
        let mut inside = false;
        let mut bytes = content.iter().peekable();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'"' if inside && bytes.next_if(|&&next| next == b'"').is_some() => {
                    self.unquoted.push(b'"');
                }
                b'"' => inside = !inside,
                b',' if !inside => self.ends.push(self.unquoted.len()),
                _ => self.unquoted.push(byte),
            }
        }
        self.ends.push(self.unquoted.len());
    }

    fn fields(&self) -> Fields<'_> {
        let start = |field: usize| if field == 0 { 0 } else { self.ends[field - 1] };
        std::array::from_fn(|field| &self.unquoted[start(field)..self.ends[field]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

    fn reason(bytes: &[u8]) -> Option<Reason> {
        match Odd::default().judge(bytes, 0).1 {
            Verdict::Rejected(reason) => Some(reason),
            _ => None,
        }
    }

    #[test]
    fn every_reason_in_its_order() {
        let with = |from: &str, to: &str| LINE.replace(from, to).into_bytes();
        let broken = |byte: u8| [&LINE.as_bytes()[..40], &[byte], &LINE.as_bytes()[40..]].concat();
        for (bytes, expected) in [
            (LINE.into(), None),
            (
                with("2013,1,1,517", &format!("2013,1,1,{}\0\"", "5".repeat(LIMIT))),
                Some(Reason::Long),
            ),
            ([broken(0), b"\xff\"".to_vec()].concat(), Some(Reason::Nul)),
            ([broken(0xff), b"\"".to_vec()].concat(), Some(Reason::Utf8)),
            (broken(0xc0), Some(Reason::Utf8)),
            (with("IAH", "I\"AH,,,"), Some(Reason::Quote)),
            (with("IAH", "I\rAH"), Some(Reason::Quote)),
            ([LINE.as_bytes(), b"\r"].concat(), Some(Reason::Quote)),
            (b"".to_vec(), Some(Reason::Few)),
            (with(",IAH", ""), Some(Reason::Few)),
            (with("IAH", "x,"), Some(Reason::Many)),
            (with("2013,1,1,517", "2013,1,1,5x7"), Some(Reason::Value)),
            (with("T10", "T24"), Some(Reason::Time)),
        ] {
            assert_eq!(reason(&bytes), expected, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn quoting_means_nothing() {
        let quoted =
            LINE.split(',').map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(",");
        let mut odd = Odd::default();
        let (framed, Verdict::Clean(row)) = odd.judge(quoted.as_bytes(), 0) else {
            panic!("it is clean")
        };
        assert_eq!((framed.length, row.dep_delay, row.dest), (quoted.len(), 2, &b"IAH"[..]));
    }

    #[test]
    fn a_quoted_text_may_span_lines() {
        let line = LINE.replace("IAH", "\"I,\"\"A\"\"\r\nH\"");
        let mut odd = Odd::default();
        let (framed, Verdict::Clean(row)) = odd.judge(line.as_bytes(), 0) else {
            panic!("it is clean")
        };
        assert_eq!((framed.lines, row.dest), (2, &b"I,\"A\"\r\nH"[..]));
        assert_eq!(reason(LINE.replace("UA", "\"\"").as_bytes()), Some(Reason::Value));
        assert_eq!(reason(LINE.replace("UA", "\"NA\"").as_bytes()), Some(Reason::Value));
    }

    #[test]
    fn the_longest_record() {
        for (length, expected) in [(4095, None), (4096, None), (4097, Some(Reason::Long))] {
            let text = "x".repeat(3 + length - LINE.len());
            assert_eq!(reason(LINE.replace("IAH", &text).as_bytes()), expected);
        }
    }
}
