//! Step `agg`: the kept rows by carrier, origin and month.
use bench_protocol::Failure;
use flight_rules::{Airlines, Clean, Job, Means, Outcome, Output, Station, Sums, Weather, sweep};

use super::grouped::{Grouped, Key};
use super::rows::broken;
use super::scan::Scanner;

const HEADER: [&str; 11] = [
    "carrier", "name", "origin", "month", "flights", "late", "weekend", "early", "made_up",
    "speed", "temp",
];

#[derive(Default)]
struct Group<'a> {
    station: Option<&'a Station>,
    sums: Sums,
}

pub fn run(job: &Job) -> Result<Outcome, Failure> {
    let airlines = Airlines::read(&job.airlines)?;
    let weather = Weather::read(&job.weather)?;
    let make = || (Scanner::new(), Grouped::<Group>::new());
    let (workers, tally) = sweep(
        &job.flights,
        &job.rejects("agg"),
        job.threads,
        make,
        |(scanner, groups), block, notes| {
            scanner.scan(block.bytes(), notes, |row| {
                let make = || Group::at(weather.station(row.origin));
                groups.of(row.carrier, row.origin, row.month, make).add(row);
            });
            Ok(())
        },
    )?;
    let mut all = Grouped::<Group>::new();
    for (key, group) in workers.into_iter().flat_map(|(_, groups)| groups.0) {
        all.of(&key.carrier, &key.origin, key.month, Group::default).sums.merge(&group.sums);
    }
    let text = write(&all, &airlines).map_err(broken)?;
    Output::create(&job.output("agg", "csv"))?.write(&text)?;
    Ok(Outcome { rows: all.0.len() as u64, tally })
}

fn write(groups: &Grouped<Group<'_>>, airlines: &Airlines) -> csv::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut out = csv::Writer::from_writer(&mut text);
    out.write_record(HEADER)?;
    for (key, group) in &groups.0 {
        group.write(&mut out, key, airlines)?;
    }
    out.flush()?;
    drop(out);
    Ok(text)
}

impl<'a> Group<'a> {
    fn at(station: Option<&'a Station>) -> Self {
        Self { station, sums: Sums::default() }
    }

    #[inline]
    fn add(&mut self, row: &Clean<'_>) {
        let temp = self.station.and_then(|station| station.hour(&row.time).temp);
        self.sums.add(row, temp);
    }

    fn write(
        &self,
        out: &mut csv::Writer<&mut Vec<u8>>,
        key: &Key,
        airlines: &Airlines,
    ) -> csv::Result<()> {
        out.write_field(&key.carrier)?;
        out.write_field(airlines.name(&key.carrier).unwrap_or_default())?;
        out.write_field(&key.origin)?;
        let (sums, Means { made_up, speed, temp }) = (&self.sums, self.sums.means());
        out.serialize((
            (key.month, sums.flights, sums.late, sums.weekend, sums.early),
            (made_up, speed, temp),
        ))
    }
}
