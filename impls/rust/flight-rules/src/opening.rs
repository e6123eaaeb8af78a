//! How a file of flights must begin; anything else refuses it, with a word on what it looks like.
use crate::judge::COLUMNS;

const MARK: &[u8] = b"\xef\xbb\xbf";

fn header() -> String {
    COLUMNS.join(",")
}

/// The bytes of a file that tell whether it begins right: mark, header, CRLF.
pub fn needed() -> usize {
    MARK.len() + header().len() + 2
}

/// Where the second line begins. `start` is the first [`needed`] bytes of the file, or all of a shorter one.
pub fn passed(start: &[u8]) -> Result<usize, String> {
    let marked = start.strip_prefix(MARK).unwrap_or(start);
    let rest = match marked.strip_prefix(header().as_bytes()) {
        Some([]) => Some(&b""[..]),
        Some([b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..]) => Some(rest),
        _ => None,
    };
    rest.map(|rest| start.len() - rest.len()).ok_or_else(|| {
        format!("it begins with {}, not with the header {}", describe(start), header())
    })
}

fn describe(start: &[u8]) -> String {
    match start {
        [] => "nothing: it is empty".to_owned(),
        [0x1f, 0x8b, ..] => "the mark of gzip: unpack it first".to_owned(),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "the mark of Zstandard: unpack it first".to_owned(),
        [b'P', b'K', 3, 4, ..] => "the mark of a ZIP archive: unpack it first".to_owned(),
        [b'P', b'A', b'R', b'1', ..] => "the mark of Parquet: a CSV file is read here".to_owned(),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, ..] | [0, _, ..] => {
            "what looks like UTF-16: convert it to UTF-8 first".to_owned()
        }
        _ => format!("{:?}", String::from_utf8_lossy(first_line(start))),
    }
}

fn first_line(start: &[u8]) -> &[u8] {
    start.split(|&byte| byte == b'\n').next().unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_with_any_ending() {
        let header = header();
        for (file, at) in [
            (format!("{header}\n2013"), header.len() + 1),
            (format!("{header}\r\n"), header.len() + 2),
            (header.clone(), header.len()),
            (format!("\u{feff}{header}\n"), header.len() + 4),
        ] {
            assert_eq!(passed(file.as_bytes()), Ok(at), "{file}");
        }
    }

    #[test]
    fn other_beginnings_are_described() {
        let header = header();
        let wide: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (file, word) in [
            (Vec::new(), "empty"),
            (vec![0x1f, 0x8b, 8, 0], "gzip"),
            (wide, "UTF-16"),
            (b"PAR1".to_vec(), "Parquet"),
            (b"carrier,name\n9E,".to_vec(), "\"carrier,name\""),
            (format!("{header},more\n").into_bytes(), "time_hour,"),
            (format!("{header}\r").into_bytes(), "\\r"),
            (format!("\n{header}\n").into_bytes(), "\"\""),
        ] {
            let message = passed(&file).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
    }
}
