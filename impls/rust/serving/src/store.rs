//! The store of features: records by name, each behind a lock of its own, in a map that never changes after it is loaded.
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bench_protocol::Failure;
use serde::Serialize;

const RECENT: usize = 8;

#[derive(Default)]
pub struct Store(HashMap<String, Record>);

/// The weather is read without the lock; what requests change is behind it.
pub struct Record {
    pub weather: [f32; 3],
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    count: u64,
    recent: Vec<f64>,
}

/// What `GET /entities/{id}` answers.
#[derive(Debug, PartialEq, Serialize)]
pub struct Entity<'a> {
    pub id: &'a str,
    pub seen: u64,
    pub last: Option<f64>,
    pub recent: Vec<f64>,
}

impl Record {
    pub fn note(&self, probability: f64) {
        let mut seen = self.lock();
        seen.count += 1;
        if seen.recent.len() == RECENT {
            seen.recent.rotate_left(1);
            seen.recent.pop();
        }
        seen.recent.push(probability);
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Nothing panics while it is held.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    pub fn load(path: &Path, entities: usize) -> Result<Self, Failure> {
        let refuse =
            |line: usize, why: &str| Failure::input(format!("{}:{line}: {why}", path.display()));
        let file = File::open(path).map_err(|error| refuse(0, &error.to_string()))?;
        let mut records = HashMap::with_capacity(entities);
        for (number, line) in BufReader::new(file).lines().enumerate().skip(1) {
            let line = line.map_err(|error| refuse(number + 1, &error.to_string()))?;
            let (id, record) =
                parse(&line).ok_or_else(|| refuse(number + 1, "no id and three numbers"))?;
            records.insert(id.to_owned(), record);
        }
        if records.len() != entities {
            return Err(refuse(0, &format!("{} entities, not {entities}", records.len())));
        }
        Ok(Self(records))
    }

    pub fn find(&self, id: &str) -> Option<&Record> {
        self.0.get(id)
    }

    pub fn entity<'a>(&self, id: &'a str) -> Option<Entity<'a>> {
        let seen = self.find(id)?.lock();
        Some(Entity {
            id,
            seen: seen.count,
            last: seen.recent.last().copied(),
            recent: seen.recent.clone(),
        })
    }
}

fn parse(line: &str) -> Option<(&str, Record)> {
    let mut fields = line.split(',');
    let id = fields.next().filter(|id| !id.is_empty())?;
    let mut weather = [f32::NAN; 3];
    for value in &mut weather {
        match fields.next()? {
            "" => {}
            text => *value = text.parse().ok().filter(|x: &f32| x.is_finite())?,
        }
    }
    let seen = Mutex::new(Seen { count: 0, recent: Vec::with_capacity(RECENT) });
    fields.next().is_none().then_some((id, Record { weather, seen }))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_line_is_an_id_and_three_numbers_or_gaps() {
        let (id, record) = parse("E1,1.5,,-3").unwrap();
        assert_eq!((id, record.weather[0], record.weather[2]), ("E1", 1.5, -3.0));
        assert!(record.weather[1].is_nan());
        for wrong in ["", "E1", "E1,1,2", "E1,1,2,3,4", "E1,x,2,3", "E1,inf,2,3", ",1,2,3"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_last_eight_are_kept_in_order() {
        let store = Store(HashMap::from([("E1".to_owned(), parse("E1,,,").unwrap().1)]));
        assert_eq!(
            store.entity("E1").unwrap(),
            Entity { id: "E1", seen: 0, last: None, recent: vec![] }
        );
        for i in 1..=10 {
            store.find("E1").unwrap().note(f64::from(i));
        }
        let entity = store.entity("E1").unwrap();
        assert_eq!(
            (entity.seen, entity.last, entity.recent),
            (10, Some(10.0), (3..=10).map(f64::from).collect())
        );
        assert!(store.entity("E2").is_none());
    }

    #[test]
    fn no_update_is_lost_between_threads() {
        let record = parse("E1,,,").unwrap().1;
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| record.note(0.5)));
            }
        });
        assert_eq!(record.lock().count, 40_000);
    }
}
