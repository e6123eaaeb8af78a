//! A flight as a body has it: exactly these members, of these types and ranges, and a refusal that names the wrong one.
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `S` is the text of names: `String`, or [`Text`], which lies in the body where it can.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flight<S> {
    pub month: u32,
    pub weekday: u32,
    pub minute_of_day: u32,
    pub distance: f64,
    pub carrier: S,
    pub origin: S,
    pub dest: S,
    #[serde(default = "none")]
    pub temp: Option<f64>,
    #[serde(default = "none")]
    pub wind_speed: Option<f64>,
    #[serde(default = "none")]
    pub visib: Option<f64>,
    #[serde(default = "none")]
    pub entity: Option<S>,
}

fn none<T>() -> Option<T> {
    None
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch<S> {
    #[serde(bound(deserialize = "S: Deserialize<'de>"))]
    pub rows: Vec<Object<Flight<S>>>,
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A JSON object and nothing else: what serde derives for a struct takes an array of its values too.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Object)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// A body as `T`; what is wrong with it names the place. Paths cost time, so they are worked out for a body that is wrong.
pub fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, String> {
    if let Ok(Object(found)) = serde_json::from_slice(body) {
        return Ok(found);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, Object<T>>(&mut deserializer) {
        Err(error) if error.path().iter().next().is_none() => Err(error.inner().to_string()),
        Err(error) => Err(format!("{}: {}", error.path(), error.inner())),
        Ok(_) => Err("something follows the object".into()),
    }
}

impl<S> Flight<S> {
    /// The values before the codes, found in their ranges. The message names the member.
    pub(crate) fn numbers(&self) -> Result<[f32; 4], String> {
        let whole = |name, value: u32, least, most| {
            let lawful = (least..=most).contains(&value);
            lawful
                .then_some(value as f32)
                .ok_or_else(|| format!("{name}: {value} is not in {least} to {most}"))
        };
        if !(self.distance > 0.0 && self.distance <= 10_000.0) {
            return Err(format!("distance: {} is not above 0 and at most 10000", self.distance));
        }
        Ok([
            whole("month", self.month, 1, 12)?,
            whole("weekday", self.weekday, 1, 7)?,
            whole("minute_of_day", self.minute_of_day, 0, 1439)?,
            self.distance as f32,
        ])
    }

    /// Temperature, wind and sight of the body's own; NaN where they are not known.
    pub(crate) fn weather(&self) -> Result<[f32; 3], String> {
        let named = [("temp", self.temp), ("wind_speed", self.wind_speed), ("visib", self.visib)];
        let mut found = [f32::NAN; 3];
        for (slot, (name, value)) in found.iter_mut().zip(named) {
            match value {
                Some(x) if x.abs() > 1_000.0 => {
                    return Err(format!("{name}: {x} is not in -1000 to 1000"));
                }
                Some(x) => *slot = x as f32,
                None => {}
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"month":1,"weekday":7,"minute_of_day":0,"distance":0.5,"carrier":"UA","origin":"\u0045WR","dest":"BOS"}"#;

    fn refused(body: &str) -> String {
        let flight = read::<Flight<Text<'_>>>(body.as_bytes());
        flight.and_then(|f| f.numbers().and_then(|_| f.weather())).err().unwrap_or_default()
    }

    #[test]
    fn a_good_body_is_read_as_text_of_its_own_and_as_text_in_place() {
        let owned: Flight<String> = read(GOOD.as_bytes()).unwrap();
        let lent: Flight<Text<'_>> = read(GOOD.as_bytes()).unwrap();
        assert_eq!((owned.origin.as_str(), lent.origin.as_ref()), ("EWR", "EWR"));
        assert!(
            matches!(lent.carrier.0, Cow::Borrowed("UA")) && matches!(lent.origin.0, Cow::Owned(_))
        );
        assert_eq!(owned.numbers().unwrap(), [1.0, 7.0, 0.0, 0.5]);
        assert!(owned.weather().unwrap().iter().all(|x| x.is_nan()));
    }

    #[test]
    fn each_wrong_member_is_named() {
        let wrong = [
            ("month", "0"),
            ("month", "13"),
            ("month", "5.0"),
            ("month", "1e0"),
            ("month", "true"),
            ("month", "\"5\""),
            ("month", "-1"),
            ("month", "null"),
            ("weekday", "8"),
            ("minute_of_day", "1440"),
            ("distance", "0"),
            ("distance", "10001"),
            ("distance", "\"1\""),
            ("carrier", "5"),
            ("dest", "null"),
            ("temp", "1000.5"),
            ("wind_speed", "\"3\""),
            ("visib", "-1001"),
            ("entity", "5"),
            ("colour", "1"),
        ];
        for (name, value) in wrong {
            let mut body: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(GOOD).unwrap();
            body.remove(name);
            let rest = serde_json::to_string(&body).unwrap();
            let spoilt = format!("{},\"{name}\":{value}}}", rest.trim_end_matches('}'));
            assert!(refused(&spoilt).contains(name), "{spoilt}: {}", refused(&spoilt));
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let list = r#"[1,1,1,1.0,"UA","EWR","BOS",null,null,null,null]"#;
        let cut = &GOOD[..GOOD.len() - 1];
        for body in [
            list,
            "1",
            "null",
            "",
            cut,
            &format!("{GOOD}{GOOD}"),
            "{\"month\":NaN}",
            &GOOD.replacen("0.5", "1e999", 1),
        ] {
            assert_ne!(refused(body), "", "{body}");
        }
        assert!(read::<Flight<String>>(b"{\"carrier\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_member_said_twice_or_not_at_all_is_named() {
        assert!(refused(&GOOD.replacen('{', "{\"month\":1,", 1)).contains("month"));
        assert!(refused(&GOOD.replacen("\"weekday\":7,", "", 1)).contains("weekday"));
    }

    #[test]
    fn rows_are_objects_and_the_wrong_one_has_its_place() {
        let three = |third: &str| format!("{{\"rows\":[{GOOD},{GOOD},{third}]}}");
        assert_eq!(read::<Batch<String>>(three(GOOD).as_bytes()).unwrap().rows.len(), 3);
        let why =
            read::<Batch<String>>(three(&GOOD.replacen(":1,", ":1.5,", 1)).as_bytes()).unwrap_err();
        assert!(why.starts_with("rows[2].month: "), "{why}");
        assert!(read::<Batch<String>>(three("[1]").as_bytes()).is_err());
    }
}
