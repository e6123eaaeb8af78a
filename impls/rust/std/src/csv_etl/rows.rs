//! Step `csv`: the kept rows as CSV, each block's in one piece.
use std::collections::HashMap;
use std::sync::Mutex;

use bench_protocol::Failure;
use flight_rules::{Airlines, Clean, Job, Outcome, Output, Station, Weather, field, sweep};

use super::figures::{maybe, real, whole};
use super::index::{Found, Index};
use super::scan::Scanner;

const HEADER: &[u8] = b"carrier,name,flight,tailnum,origin,dest,year,month,day,time_hour,\
    dep_delay,arr_delay,air_time,distance,weekday,hour,speed,made_up,late,temp,wind_speed,visib\n";

pub fn run(job: &Job) -> Result<Outcome, Failure> {
    let airlines = Airlines::read(&job.airlines)?;
    let weather = Weather::read(&job.weather)?;
    let tails = weather.stations().map(|(origin, station)| (origin, Tails::new(station))).collect();
    let mut out = Output::create(&job.output("csv", "csv"))?;
    out.write(HEADER)?;
    let out = Mutex::new(out);
    let make = || (Scanner::default(), Rows::new(&airlines, &tails));
    let rejects = job.rejects("csv");
    let (_, tally) =
        sweep(&job.flights, &rejects, job.threads, make, |(scanner, rows), block, notes| {
            rows.text.clear();
            scanner.scan(block, notes, |row| rows.add(row));
            out.lock().expect("a panic has ended the program before").write(&rows.text)
        })?;
    Ok(Outcome { rows: tally.kept, tally })
}

/// What ends a row, for every hour of an origin's weather: formatted once, not once a row.
#[derive(Default)]
struct Tails {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Tails {
    fn new(station: &Station) -> Self {
        let mut tails = Self::default();
        for hour in station.hours() {
            let out = &mut tails.text;
            for value in [hour.temp, hour.wind_speed, hour.visib] {
                out.push(b',');
                maybe(out, value);
            }
            out.push(b'\n');
            tails.ends.push(tails.text.len());
        }
        tails
    }

    fn of(&self, slot: u16) -> &[u8] {
        let slot = usize::from(slot);
        let start = if slot == 0 { 0 } else { self.ends[slot - 1] };
        &self.text[start..self.ends[slot]]
    }
}

struct Rows<'a> {
    airlines: &'a Airlines,
    tails: &'a HashMap<&'a [u8], Tails>,
    index: Index,
    pairs: Vec<Pair<'a>>,
    text: Vec<u8>,
}

/// What the rows of a carrier at an origin have in common.
struct Pair<'a> {
    /// Carrier and name.
    head: Vec<u8>,
    tails: Option<&'a Tails>,
}

impl<'a> Rows<'a> {
    fn new(airlines: &'a Airlines, tails: &'a HashMap<&'a [u8], Tails>) -> Self {
        Self { airlines, tails, index: Index::new(), pairs: Vec::new(), text: Vec::new() }
    }

    fn add(&mut self, row: &Clean<'_>) {
        let pair = match self.index.find(row.carrier, row.origin, 0) {
            Found::Known(number) => &self.pairs[number],
            Found::New(number) => {
                self.pairs.push(self.pair(row));
                &self.pairs[number]
            }
        };
        let out = &mut self.text;
        out.extend_from_slice(&pair.head);
        whole(out, row.flight);
        for text in [row.tailnum.unwrap_or_default(), row.origin, row.dest] {
            out.push(b',');
            field(out, text);
        }
        for value in [row.year, row.month, row.day] {
            out.push(b',');
            whole(out, value);
        }
        out.push(b',');
        out.extend_from_slice(row.time_hour);
        let (weekday, hour) = (i32::from(row.time.weekday), i32::from(row.time.hour));
        for value in [row.dep_delay, row.arr_delay, row.air_time, row.distance, weekday, hour] {
            out.push(b',');
            whole(out, value);
        }
        out.push(b',');
        real(out, row.speed());
        out.push(b',');
        whole(out, row.made_up());
        out.extend_from_slice(if row.late() { b",1" } else { b",0" });
        out.extend_from_slice(pair.tails.map_or(b",,,\n", |tails| tails.of(row.time.slot)));
    }

    fn pair(&self, row: &Clean<'_>) -> Pair<'a> {
        let mut head = Vec::new();
        field(&mut head, row.carrier);
        head.push(b',');
        field(&mut head, self.airlines.name(row.carrier).unwrap_or_default().as_bytes());
        head.push(b',');
        Pair { head, tails: self.tails.get(row.origin) }
    }
}
