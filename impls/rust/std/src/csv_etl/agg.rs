//! Step `agg`: the kept rows by carrier, origin and month.
use bench_protocol::Failure;
use flight_rules::{
    Airlines, Clean, Job, Means, Outcome, Output, Station, Sums, Weather, field, sweep,
};

use super::figures::{maybe, real, whole};
use super::index::{Found, Index};
use super::scan::Scanner;

const HEADER: &[u8] = b"carrier,name,origin,month,flights,late,weekend,early,made_up,speed,temp\n";

struct Group<'a> {
    carrier: Vec<u8>,
    origin: Vec<u8>,
    month: i32,
    station: Option<&'a Station>,
    sums: Sums,
}

struct Groups<'a> {
    weather: &'a Weather,
    index: Index,
    groups: Vec<Group<'a>>,
}

pub fn run(job: &Job) -> Result<Outcome, Failure> {
    let airlines = Airlines::read(&job.airlines)?;
    let weather = Weather::read(&job.weather)?;
    let make = || (Scanner::default(), Groups::new(&weather));
    let rejects = job.rejects("agg");
    let (workers, tally) =
        sweep(&job.flights, &rejects, job.threads, make, |(scanner, groups), block, notes| {
            scanner.scan(block, notes, |row| groups.add(row));
            Ok(())
        })?;
    let mut all = Groups::new(&weather);
    workers.into_iter().for_each(|(_, groups)| all.merge(groups));
    let mut text = HEADER.to_vec();
    all.groups.iter().for_each(|group| group.write(&mut text, &airlines));
    Output::create(&job.output("agg", "csv"))?.write(&text)?;
    Ok(Outcome { rows: all.groups.len() as u64, tally })
}

impl<'a> Groups<'a> {
    fn new(weather: &'a Weather) -> Self {
        Self { weather, index: Index::new(), groups: Vec::new() }
    }

    #[inline]
    fn add(&mut self, row: &Clean<'_>) {
        let group = self.group(row.carrier, row.origin, row.month);
        let temp = group.station.and_then(|station| station.hour(&row.time).temp);
        group.sums.add(row, temp);
    }

    #[inline]
    fn group(&mut self, carrier: &[u8], origin: &[u8], month: i32) -> &mut Group<'a> {
        match self.index.find(carrier, origin, month) {
            Found::Known(number) => &mut self.groups[number],
            Found::New(number) => {
                let (carrier, origin) = (carrier.to_vec(), origin.to_vec());
                let station = self.weather.station(&origin);
                self.groups.push(Group { carrier, origin, month, station, sums: Sums::default() });
                &mut self.groups[number]
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for Group { carrier, origin, month, sums, .. } in other.groups {
            self.group(&carrier, &origin, month).sums.merge(&sums);
        }
    }
}

impl Group<'_> {
    fn write(&self, out: &mut Vec<u8>, airlines: &Airlines) {
        field(out, &self.carrier);
        out.push(b',');
        field(out, airlines.name(&self.carrier).unwrap_or_default().as_bytes());
        out.push(b',');
        field(out, &self.origin);
        out.push(b',');
        whole(out, self.month);
        let sums = &self.sums;
        for count in [sums.flights, sums.late, sums.weekend, sums.early] {
            out.extend_from_slice(format!(",{count}").as_bytes());
        }
        let Means { made_up, speed, temp } = sums.means();
        for mean in [made_up, speed] {
            out.push(b',');
            real(out, mean);
        }
        out.push(b',');
        maybe(out, temp);
        out.push(b'\n');
    }
}
