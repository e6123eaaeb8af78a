//! The codes of several keys in few words, so that comparing and hashing a key takes few operations.
use super::table::Key;

/// Six codes of 32 bits, the widest there are, take three words; those of ordinary tables take one.
pub const MOST_WORDS: usize = 3;

pub type Packed<const N: usize> = [u64; N];

/// Where a key's code lies.
#[derive(Clone, Copy)]
pub struct Field {
    word: usize,
    shift: u32,
    width: u32,
}

/// The keys' places, and how many words they take.
///
/// Whole bits for each key rather than mixed radices: to unpack takes a shift and a mask, and no
/// division. No code lies across two words.
pub fn layout(keys: &[&Key]) -> (Vec<Field>, usize) {
    let (mut word, mut shift) = (0, 0);
    let mut place = |key: &&Key| {
        let width = u64::BITS - (key.size as u64 - 1).leading_zeros();
        if shift + width > u64::BITS {
            (word, shift) = (word + 1, 0);
        }
        let field = Field { word, shift, width };
        shift += width;
        field
    };
    let fields = keys.iter().map(&mut place).collect();
    (fields, word + 1)
}

/// Packs the keys of the rows from `start` on, a column after the other.
pub fn pack<const N: usize>(
    keys: &[&Key],
    fields: &[Field],
    start: usize,
    packed: &mut [Packed<N>],
) {
    packed.fill([0; N]);
    for (key, field) in keys.iter().zip(fields) {
        for (packed, &code) in packed.iter_mut().zip(&key.codes[start..]) {
            packed[field.word] |= u64::from(code) << (field.shift & 63);
        }
    }
}

pub fn code<const N: usize>(packed: &Packed<N>, field: Field) -> u32 {
    let mask = ((1u64 << field.width) - 1) as u32;
    (packed[field.word] >> (field.shift & 63)) as u32 & mask
}

/// Sixty-four bits of which every one depends on every bit of the key.
pub fn hash<const N: usize>(packed: &Packed<N>) -> u64 {
    packed.iter().fold(0, |hash, word| {
        let mixed: u64 = hash ^ word;
        let product = (mixed ^ (mixed >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (product ^ (product >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<const N: usize>(keys: &[&Key]) {
        let (fields, words) = layout(keys);
        assert_eq!(words, N);
        let mut packed = vec![[0; N]; keys[0].codes.len()];
        pack(keys, &fields, 0, &mut packed);
        for (row, packed) in packed.iter().enumerate() {
            for (key, &field) in keys.iter().zip(&fields) {
                assert_eq!(code(packed, field), key.codes[row]);
            }
        }
    }

    #[test]
    fn codes_come_back() {
        let wide = Key::whole("a", vec![-i32::MAX, i32::MAX, 0]);
        let narrow = Key::whole("b", vec![1, 1, 1]);
        round_trip::<1>(&[&narrow, &wide]);
        round_trip::<2>(&[&wide, &narrow, &wide, &narrow]);
        round_trip::<MOST_WORDS>(&[&wide; 6]);
    }

    #[test]
    fn no_code_lies_across_two_words() {
        let thirty = Key::whole("a", vec![1, 1 << 29]);
        let (fields, words) = layout(&[&thirty; 3]);
        assert_eq!((fields[2].word, fields[2].shift, words), (1, 0, 2));
    }
}
