//! The file into a table, a part of it on each thread.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use bench_protocol::Failure;

use super::columns::Columns;
use super::lines::{CHUNK, Lines};
use super::parallel;
use super::table::Table;

const HEADER: &[u8] = b"id1,id2,id3,id4,id5,id6,v1,v2,v3\n";
/// Less of a file than this is not worth a thread.
const LEAST: u64 = 1 << 20;

pub fn read(path: &Path, threads: usize) -> Result<Table, Failure> {
    let named = |failure: Failure| Failure {
        message: format!("{}: {}", path.display(), failure.message),
        ..failure
    };
    let length = path.metadata().map_err(|error| named(error.into()))?.len();
    let wanted = (threads as u64).min(length / LEAST).max(1);
    let columns = cut(path, length, wanted)
        .and_then(|parts| join(parallel::map(parts, |part| read_part(path, part))));
    Ok(columns.map_err(named)?.finish(threads))
}

/// Parts of about equal size, each beginning where a line does.
fn cut(path: &Path, length: u64, wanted: u64) -> Result<Vec<Range<u64>>, Failure> {
    let mut file = BufReader::new(File::open(path)?);
    let mut starts = vec![0];
    for part in 1..wanted {
        let middle = length * part / wanted;
        file.seek(SeekFrom::Start(middle))?;
        starts.push(middle + file.skip_until(b'\n')? as u64);
    }
    starts.dedup();
    let ends = starts[1..].iter().copied().chain([length]);
    Ok(starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect())
}

/// Why a part could not be read to its end.
enum Stopped {
    /// By a line that is no row; which one is known when the earlier parts are.
    AtLine,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn read_part(path: &Path, part: Range<u64>) -> (Columns, Result<(), Stopped>) {
    let mut columns = Columns::new();
    let result = open(path, &part)
        .map_err(Stopped::from)
        .and_then(|file| parse(Lines::new(file, CHUNK), part.start == 0, &mut columns));
    (columns, result)
}

fn open(path: &Path, part: &Range<u64>) -> io::Result<impl Read> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(part.start))?;
    Ok(file.take(part.end - part.start))
}

fn parse(
    mut lines: Lines<impl Read>,
    has_header: bool,
    columns: &mut Columns,
) -> Result<(), Stopped> {
    if has_header {
        if !lines.advance()? || !lines.padded().starts_with(HEADER) {
            let header = String::from_utf8_lossy(HEADER);
            return Err(Failure::input(format!("the header is not {}", header.trim_end())).into());
        }
        columns.extend(lines.padded(), HEADER.len()).ok_or(Stopped::AtLine)?;
    }
    while lines.advance()? {
        columns.extend(lines.padded(), 0).ok_or(Stopped::AtLine)?;
    }
    Ok(())
}

fn join(parts: Vec<(Columns, Result<(), Stopped>)>) -> Result<Columns, Failure> {
    let mut all: Option<Columns> = None;
    for (columns, result) in parts {
        let rows_before = all.as_ref().map_or(0, Columns::rows);
        match result {
            Ok(()) => {}
            Err(Stopped::Failed(failure)) => return Err(failure),
            Err(Stopped::AtLine) => {
                let line = rows_before + columns.rows() + 2;
                return Err(Failure::input(format!("line {line} is not a row of the table")));
            }
        }
        match &mut all {
            Some(all) => all.append(columns),
            None => all = Some(columns),
        }
    }
    Ok(all.expect("a file has at least one part"))
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::super::field::MISSING;
    use super::*;

    const ROWS: [&str; 3] = [
        "id016,id046,id0000109363,88,13,146094,4,6,18.837686\n",
        ",id046,,,2,,,-3,\n",
        "id016,,id0000000001,1,,7,5,,0.5\n",
    ];

    /// The columns of a file of these rows, read in so many parts.
    fn columns(test: &str, rows: &str, parts: u64) -> Result<Columns, Failure> {
        let path = env::temp_dir().join(format!("bench-std-{test}-{}.csv", process::id()));
        fs::write(&path, [HEADER, rows.as_bytes()].concat()).unwrap();
        let length = path.metadata().unwrap().len();
        let parts = cut(&path, length, parts)?.into_iter().map(|part| read_part(&path, part));
        let columns = join(parts.collect());
        fs::remove_file(path).unwrap();
        columns
    }

    #[test]
    fn reads_in_any_parts_and_without_a_last_line_end() {
        for parts in 1..6 {
            for rows in [ROWS.concat(), ROWS.concat().trim_end().to_owned()] {
                let table = columns("parts", &rows, parts).unwrap().finish(1);
                assert_eq!(table.ids[0].codes, [1, 0, 1]);
                assert_eq!(table.ids[2].codes, [1, 0, 2]);
                assert_eq!(table.ids[3].codes, [88, 0, 1]);
                assert_eq!(table.v1, [4, MISSING, 5]);
                assert_eq!(table.v2, [6, -3, MISSING]);
                assert_eq!((table.v3[0], table.v3[2]), (18.837686, 0.5));
                assert!(table.v3[1].is_nan());
            }
        }
    }

    #[test]
    fn parts_agree_on_the_codes_of_texts() {
        let rows = "b,x,1,1,1,1,1,1,1\na,x,1,1,1,1,1,1,1\nc,y,1,1,1,1,1,1,1\na,x,,1,1,1,1,1,1\n";
        let table = columns("codes", rows, 4).unwrap().finish(1);
        assert_eq!(table.ids[0].codes, [1, 2, 3, 2]);
        assert_eq!(table.ids[1].codes, [1, 1, 2, 1]);
        assert_eq!(table.ids[2].codes, [1, 1, 1, 0]);
    }

    #[test]
    fn a_bad_line_is_named_whichever_part_it_is_in() {
        let rows = ROWS.concat();
        for (good, bad) in [("1,,7", "1,7"), ("1,,7", "1,,,7"), ("1,,7", "1,x,7"), (",0.5", "")] {
            for parts in [1, 3] {
                let failure = columns("bad", &rows.replace(good, bad), parts).err().unwrap();
                assert!(failure.message.contains("line 4"), "{failure}");
            }
        }
    }

    #[test]
    fn a_header_is_needed_and_enough() {
        assert_eq!(columns("header", "", 1).unwrap().rows(), 0);
        for file in ["", "a,b\n"] {
            let lines = Lines::new(file.as_bytes(), CHUNK);
            assert!(matches!(parse(lines, true, &mut Columns::new()), Err(Stopped::Failed(_))));
        }
    }
}
