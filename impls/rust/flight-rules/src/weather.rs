//! The weather by origin and by month, day and hour, in one dense table an origin.
use std::collections::HashMap;
use std::path::Path;

use bench_protocol::Failure;

use crate::instant::Instant;
use crate::small::Small;

/// Hours of a year in which every month has 31 days.
pub const SLOTS: usize = 12 * 31 * 24;

/// What was observed in an hour; all of it missing where there is no observation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hour {
    /// Degrees Fahrenheit.
    pub temp: Option<f64>,
    /// Miles an hour.
    pub wind_speed: Option<f64>,
    /// Miles.
    pub visib: Option<f64>,
}

/// One origin's weather. The origin that has none is [`Station::default`].
#[derive(Clone, Debug, Default)]
pub struct Station(Vec<Hour>);

impl Station {
    pub fn hour(&self, time: &Instant) -> Hour {
        self.0.get(usize::from(time.slot)).copied().unwrap_or_default()
    }

    /// By slot.
    pub fn hours(&self) -> &[Hour] {
        &self.0
    }
}

pub struct Weather(HashMap<Vec<u8>, Station>);

impl Weather {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let table = Small::read(path)?;
        let mut stations: HashMap<Vec<u8>, Station> = HashMap::new();
        let columns = ["origin", "time_hour", "temp", "wind_speed", "visib"];
        for (line, row) in (2..).zip(table.rows(columns)?) {
            let [origin, time, temp, wind_speed, visib] = row?;
            let hour = || {
                let (temp, wind_speed) = (real(temp)?, real(wind_speed)?);
                Some((
                    Instant::parse(time.as_bytes())?,
                    Hour { temp, wind_speed, visib: real(visib)? },
                ))
            };
            let (time, hour) = hour().ok_or_else(|| table.wrong(line))?;
            let station = match stations.get_mut(origin.as_bytes()) {
                Some(station) => station,
                None => {
                    stations.entry(origin.into()).or_insert(Station(vec![Hour::default(); SLOTS]))
                }
            };
            station.0[usize::from(time.slot)] = hour;
        }
        Ok(Self(stations))
    }

    pub fn station(&self, origin: &[u8]) -> Option<&Station> {
        self.0.get(origin)
    }

    /// Every origin with its weather.
    pub fn stations(&self) -> impl Iterator<Item = (&[u8], &Station)> {
        self.0.iter().map(|(origin, station)| (origin.as_slice(), station))
    }
}

/// None for what is neither a number nor missing.
fn real(field: &str) -> Option<Option<f64>> {
    if field == "NA" {
        return Some(None);
    }
    field.parse().ok().filter(|value: &f64| value.is_finite()).map(Some)
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    #[test]
    fn hours_are_found_whatever_the_year() {
        let path = env::temp_dir().join(format!("flight-rules-weather-{}", process::id()));
        let rows = "origin,hour,temp,wind_speed,visib,time_hour\n\
            EWR,1,39.02,NA,10,2013-01-01T06:00:00Z\n\
            LGA,1,NA,1,2,2013-12-31T23:00:00Z\n";
        fs::write(&path, rows).unwrap();
        let weather = Weather::read(&path).unwrap();
        let at = |origin: &str, time: &str| {
            weather
                .station(origin.as_bytes())
                .unwrap()
                .hour(&Instant::parse(time.as_bytes()).unwrap())
        };
        let expected = Hour { temp: Some(39.02), wind_speed: None, visib: Some(10.0) };
        assert_eq!(at("EWR", "2029-01-01T06:59:59Z"), expected);
        assert_eq!(at("EWR", "2029-01-01T07:00:00Z"), Hour::default());
        assert_eq!(at("LGA", "2013-12-31T23:00:00Z").visib, Some(2.0));
        assert!(weather.station(b"JFK").is_none());
        fs::write(&path, rows.replace("39.02", "warm")).unwrap();
        assert!(Weather::read(&path).err().unwrap().message.contains("line 2"));
        fs::remove_file(path).unwrap();
    }
}
