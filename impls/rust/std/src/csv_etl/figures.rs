//! Numbers as text, appended to a line of CSV.
use std::io::Write;

/// Written digit by digit: the standard library's formatting machinery costs several times as much.
pub fn whole(out: &mut Vec<u8>, value: i32) {
    let mut digits = [0; 10];
    let (mut at, mut rest) = (digits.len(), value.unsigned_abs());
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// The shortest text that reads back as the same number.
pub fn real(out: &mut Vec<u8>, value: f64) {
    write!(out, "{value}").expect("memory takes what is written");
}

/// The same, or nothing for what is missing.
pub fn maybe(out: &mut Vec<u8>, value: Option<f64>) {
    if let Some(value) = value {
        real(out, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_as_themselves() {
        for value in [0, 7, -7, 10, 999_999_999, -999_999_999, i32::MAX, i32::MIN] {
            let mut out = Vec::new();
            whole(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
        let mut out = Vec::new();
        maybe(&mut out, None);
        maybe(&mut out, Some(10.357019999999999));
        assert_eq!(out, b"10.357019999999999");
    }
}
