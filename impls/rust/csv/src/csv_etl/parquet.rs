//! Step `parquet`: the kept rows as Parquet; each thread encodes row groups of its own.
//!
//! A row group stays in memory, encoded and compressed, until it is whole; [`GROUP`] bounds it.
use std::fs::File;
use std::mem;
use std::sync::{Arc, Mutex};

use arrow_schema::SchemaRef;
use bench_protocol::Failure;
use flight_rules::{Airlines, Clean, Job, Outcome, Output, Weather, sweep};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::columns::{Columns, schema};
use super::rows::{Joins, broken};
use super::scan::Scanner;

/// Rows of a row group, about: it ends with a block.
const GROUP: usize = 1 << 17;
/// Rows that are encoded at a time.
const BATCH: usize = 1 << 13;

pub fn run(job: &Job) -> Result<Outcome, Failure> {
    let airlines = Airlines::read(&job.airlines)?;
    let weather = Weather::read(&job.weather)?;
    let path = job.output("parquet", "parquet");
    let failed = |error| Failure::internal(format!("cannot write {}: {error}", path.display()));
    let sink = Sink::new(Output::create(&path)?.into_file()).map_err(failed)?;
    let make = || (Scanner::new(), Encoder::new(&sink, Joins::new(&airlines, &weather)));
    let (workers, tally) = sweep(
        &job.flights,
        &job.rejects("parquet"),
        job.threads,
        make,
        |(scanner, encoder), block, notes| {
            scanner.scan(block.bytes(), notes, |row| encoder.add(row));
            encoder.advance().map_err(failed)
        },
    )?;
    for (_, mut encoder) in workers {
        encoder.encode().and_then(|()| encoder.end_group()).map_err(failed)?;
    }
    let Sink { file, .. } = sink;
    file.into_inner().map_err(broken)?.close().map_err(failed)?;
    Ok(Outcome { rows: tally.kept, tally })
}

/// The file, and what row groups for it are made with.
struct Sink {
    file: Mutex<SerializedFileWriter<File>>,
    groups: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
}

impl Sink {
    fn new(file: File) -> Result<Self, ParquetError> {
        let schema = Arc::new(schema());
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Self { file: Mutex::new(file), groups, schema })
    }
}

struct Encoder<'a> {
    sink: &'a Sink,
    joins: Joins<'a>,
    batch: Columns,
    /// The row group at hand; without columns where it has not begun.
    columns: Vec<ArrowColumnWriter>,
    rows: usize,
}

impl<'a> Encoder<'a> {
    fn new(sink: &'a Sink, joins: Joins<'a>) -> Self {
        Self { sink, joins, batch: Columns::default(), columns: Vec::new(), rows: 0 }
    }

    fn add(&mut self, row: &Clean<'_>) {
        let (name, hour) = self.joins.of(row);
        self.batch.add(row, name, hour);
    }

    /// Encodes and writes what has become enough.
    fn advance(&mut self) -> Result<(), ParquetError> {
        if self.batch.len() >= BATCH {
            self.encode()?;
        }
        if self.rows >= GROUP {
            self.end_group()?;
        }
        Ok(())
    }

    fn encode(&mut self) -> Result<(), ParquetError> {
        if self.columns.is_empty() {
            // The index counts only where a file is encrypted.
            self.columns = self.sink.groups.create_column_writers(0)?;
        }
        self.rows += self.batch.len();
        let arrays = self.batch.take()?;
        for ((writer, field), array) in
            self.columns.iter_mut().zip(self.sink.schema.fields()).zip(&arrays)
        {
            for leaf in compute_leaves(field, array)? {
                writer.write(&leaf)?;
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        let columns = mem::take(&mut self.columns).into_iter().map(ArrowColumnWriter::close);
        let chunks = columns.collect::<Result<Vec<_>, _>>()?;
        if mem::take(&mut self.rows) == 0 {
            return Ok(());
        }
        let mut file = self.sink.file.lock().expect("a panic has ended the program before");
        let mut group = file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(())
    }
}
