//! Step `csv`: the kept rows through the csv crate's writer, each block's in one piece.
use std::mem;
use std::sync::Mutex;

use bench_protocol::Failure;
use flight_rules::{Airlines, Clean, Hour, Job, Outcome, Output, Station, Weather, sweep};

use super::columns::NAMES;
use super::grouped::Grouped;
use super::scan::Scanner;

/// What the rows of a carrier at an origin have in common.
pub struct Pair<'a> {
    pub name: Option<&'a str>,
    station: Option<&'a Station>,
}

/// The joins, looked up once for each pair of carrier and origin.
pub struct Joins<'a> {
    airlines: &'a Airlines,
    weather: &'a Weather,
    pairs: Grouped<Pair<'a>>,
}

impl<'a> Joins<'a> {
    pub fn new(airlines: &'a Airlines, weather: &'a Weather) -> Self {
        Self { airlines, weather, pairs: Grouped::new() }
    }

    /// The airline's name and the weather of a row.
    #[inline]
    pub fn of(&mut self, row: &Clean<'_>) -> (Option<&'a str>, Hour) {
        let (airlines, weather) = (self.airlines, self.weather);
        let pair = self.pairs.of(row.carrier, row.origin, 0, || Pair {
            name: airlines.name(row.carrier),
            station: weather.station(row.origin),
        });
        (pair.name, pair.station.map(|station| station.hour(&row.time)).unwrap_or_default())
    }
}

pub fn run(job: &Job) -> Result<Outcome, Failure> {
    let airlines = Airlines::read(&job.airlines)?;
    let weather = Weather::read(&job.weather)?;
    let mut out = Output::create(&job.output("csv", "csv"))?;
    out.write((NAMES.join(",") + "\n").as_bytes())?;
    let out = Mutex::new(out);
    let make = || (Scanner::new(), Rows::new(Joins::new(&airlines, &weather)));
    let (_, tally) = sweep(
        &job.flights,
        &job.rejects("csv"),
        job.threads,
        make,
        |(scanner, rows), block, notes| {
            scanner.scan(block.bytes(), notes, |row| {
                rows.add(row).expect("memory takes what is written")
            });
            rows.flush(&out)
        },
    )?;
    Ok(Outcome { rows: tally.kept, tally })
}

/// A writer into memory has nothing to fail by, but says that it might.
pub fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::internal(error.to_string())
}

struct Rows<'a> {
    joins: Joins<'a>,
    out: csv::Writer<Vec<u8>>,
    whole: itoa::Buffer,
    real: zmij::Buffer,
}

impl<'a> Rows<'a> {
    fn new(joins: Joins<'a>) -> Self {
        let out = csv::Writer::from_writer(Vec::new());
        Self { joins, out, whole: itoa::Buffer::new(), real: zmij::Buffer::new() }
    }

    /// Hands over what has been written since the last time, and keeps the memory.
    fn flush(&mut self, file: &Mutex<Output>) -> Result<(), Failure> {
        let out = mem::replace(&mut self.out, csv::Writer::from_writer(Vec::new()));
        let mut text = out.into_inner().map_err(broken)?;
        file.lock().expect("a panic has ended the program before").write(&text)?;
        text.clear();
        self.out = csv::Writer::from_writer(text);
        Ok(())
    }

    /// Field by field: the same through serde took longer.
    fn add(&mut self, row: &Clean<'_>) -> csv::Result<()> {
        let (name, hour) = self.joins.of(row);
        self.out.write_field(row.carrier)?;
        self.out.write_field(name.unwrap_or_default())?;
        self.whole(row.flight)?;
        for text in [row.tailnum.unwrap_or_default(), row.origin, row.dest] {
            self.out.write_field(text)?;
        }
        for value in [row.year, row.month, row.day] {
            self.whole(value)?;
        }
        self.out.write_field(row.time_hour)?;
        let (weekday, hour_of_day) = (row.time.weekday.into(), row.time.hour.into());
        for value in
            [row.dep_delay, row.arr_delay, row.air_time, row.distance, weekday, hour_of_day]
        {
            self.whole(value)?;
        }
        self.real(Some(row.speed()))?;
        self.whole(row.made_up())?;
        self.whole(row.late().into())?;
        for value in [hour.temp, hour.wind_speed, hour.visib] {
            self.real(value)?;
        }
        self.out.write_record(None::<&[u8]>)
    }

    fn whole(&mut self, value: i32) -> csv::Result<()> {
        self.out.write_field(self.whole.format(value))
    }

    fn real(&mut self, value: Option<f64>) -> csv::Result<()> {
        self.out.write_field(value.map_or("", |value| self.real.format(value)))
    }
}
