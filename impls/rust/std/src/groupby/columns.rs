//! Lines into columns: fields parsed, texts coded.
use super::dictionary::{Dictionary, Span};
use super::field::{self, PADDING};
use super::table::{Key, Table};

/// Texts are coded some lines at a time: to look each up at once would wait for memory each time.
const BATCH: usize = 256;

pub struct Columns {
    dictionaries: [Dictionary; 3],
    /// The texts of the lines that are not coded yet.
    spans: [Vec<Span>; 3],
    texts: [Vec<u32>; 3],
    wholes: [Vec<i32>; 5],
    v3: Vec<f64>,
}

impl Columns {
    pub fn new() -> Self {
        Self {
            dictionaries: std::array::from_fn(|_| Dictionary::new()),
            spans: std::array::from_fn(|_| Vec::with_capacity(BATCH)),
            texts: Default::default(),
            wholes: Default::default(),
            v3: Vec::new(),
        }
    }

    pub fn rows(&self) -> usize {
        self.v3.len()
    }

    /// Takes whole lines, from `at` to the padding; None if one is not a row of the table.
    pub fn extend(&mut self, bytes: &[u8], mut at: usize) -> Option<()> {
        while at < bytes.len() - PADDING {
            at = self.line(bytes, at)?;
            if self.spans[0].len() == BATCH {
                self.code(bytes);
            }
        }
        self.code(bytes);
        Some(())
    }

    /// Appends the rows of a later part of the file.
    pub fn append(&mut self, later: Self) {
        for (i, (dictionary, codes)) in later.dictionaries.into_iter().zip(later.texts).enumerate()
        {
            let renamed = self.dictionaries[i].absorb(dictionary);
            self.texts[i].extend(codes.into_iter().map(|code| renamed[code as usize]));
        }
        for (values, mut later) in self.wholes.iter_mut().zip(later.wholes) {
            values.append(&mut later);
        }
        self.v3.extend(later.v3);
    }

    /// The end of the line is found first: a field too few must not be made up from the next line.
    #[inline]
    fn line(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        let line_end = field::find(bytes, at, b'\n')?;
        let comma = |at| field::find(bytes, at, b',').filter(|&end| end < line_end);
        for spans in &mut self.spans {
            let end = comma(at)?;
            spans.push(Span { start: at, end });
            at = end + 1;
        }
        for values in &mut self.wholes {
            let end = comma(at)?;
            values.push(field::whole(bytes, at, end)?);
            at = end + 1;
        }
        self.v3.push(field::real(bytes, at, line_end)?);
        Some(line_end + 1)
    }

    fn code(&mut self, bytes: &[u8]) {
        let columns = self.dictionaries.iter_mut().zip(&mut self.spans).zip(&mut self.texts);
        for ((dictionary, spans), codes) in columns {
            dictionary.code(bytes, spans, codes);
            spans.clear();
        }
    }

    pub fn finish(self, threads: usize) -> Table {
        let [d1, d2, d3] = self.dictionaries;
        let [id1, id2, id3] = self.texts;
        let [id4, id5, id6, v1, v2] = self.wholes;
        let ids = [
            Key::text("id1", id1, d1.into_texts()),
            Key::text("id2", id2, d2.into_texts()),
            Key::text("id3", id3, d3.into_texts()),
            Key::whole("id4", id4),
            Key::whole("id5", id5),
            Key::whole("id6", id6),
        ];
        Table { ids, v1, v2, v3: self.v3, threads }
    }
}
