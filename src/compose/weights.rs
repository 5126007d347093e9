//! Weights: tensors by name from a safetensors file, and the proof that they are whole.
//!
//! The format (huggingface/safetensors): eight bytes with the length of a JSON header, the header
//! with the type, shape and place of each tensor, then the numbers. Under `__metadata__` our files
//! carry the sizes of the model and the CRC-32 of everything after the header.

use std::collections::HashMap;

use serde::Deserialize;

use super::Error;

/// A header longer than this is no header of ours.
const LONGEST_HEADER: u64 = 1 << 20;

#[derive(Debug, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

#[derive(Debug, Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    metadata: HashMap<String, String>,
    #[serde(flatten)]
    tensors: HashMap<String, Entry>,
}

/// The tensors of one file.
#[derive(Debug)]
pub(super) struct Weights<'a> {
    header: Header,
    data: &'a [u8],
}

impl<'a> Weights<'a> {
    /// Reads the header and checks the numbers' sum.
    ///
    /// # Errors
    /// When the file is no safetensors file, cut off, or changed.
    pub(super) fn open(file: &'a [u8]) -> Result<Weights<'a>, Error> {
        let broken = |why: &str| Error::BrokenWeights { why: why.to_owned() };
        let (length, rest) = file.split_first_chunk::<8>().ok_or_else(|| broken("it is shorter than 8 bytes"))?;
        let length = u64::from_le_bytes(*length);
        if length > LONGEST_HEADER {
            return Err(broken("it does not begin as a safetensors file does"));
        }
        let (header, data) = rest
            .split_at_checked(usize::try_from(length).unwrap_or(usize::MAX))
            .ok_or_else(|| broken("it ends inside its header"))?;
        let header: Header =
            serde_json::from_slice(header).map_err(|e| Error::BrokenWeights { why: format!("its header: {e}") })?;
        let expected = header.metadata.get("crc32").ok_or_else(|| broken("its header has no CRC-32"))?;
        let found = format!("{:08x}", crc32fast::hash(data));
        if *expected != found {
            return Err(Error::BrokenWeights { why: format!("its numbers have CRC-32 {found}, expected {expected}") });
        }
        Ok(Weights { header, data })
    }

    /// A number of the metadata.
    pub(super) fn size(&self, name: &str) -> Result<usize, Error> {
        self.header
            .metadata
            .get(name)
            .and_then(|v| v.parse().ok())
            .filter(|v| (1..=4096).contains(v))
            .ok_or_else(|| Error::BrokenWeights { why: format!("its header says no `{name}` of 1 to 4096") })
    }

    /// Whether there is a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.header.tensors.contains_key(name)
    }

    /// A tensor that not every file has.
    pub(super) fn optional(&self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, Error> {
        self.has(name).then(|| self.tensor(name, shape)).transpose()
    }

    /// A text of the metadata.
    pub(super) fn text(&self, name: &str) -> Result<&str, Error> {
        let missing = || Error::BrokenWeights { why: format!("its header says no `{name}`") };
        self.header.metadata.get(name).map(String::as_str).ok_or_else(missing)
    }

    /// A tensor in single precision. Its shape must be `shape`.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let broken = |why: String| Error::BrokenWeights { why: format!("tensor `{name}` {why}") };
        let entry = self.header.tensors.get(name).ok_or_else(|| broken("is missing".to_owned()))?;
        if entry.shape != shape {
            return Err(broken(format!("has shape {:?}, expected {shape:?}", entry.shape)));
        }
        let (from, to) = entry.data_offsets;
        let bytes = self.data.get(from..to).ok_or_else(|| broken("lies outside the file".to_owned()))?;
        let numbers: Vec<f32> = match entry.dtype.as_str() {
            "F16" => bytes.as_chunks::<2>().0.iter().map(|b| from_half(u16::from_le_bytes(*b))).collect(),
            "F32" => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            other => return Err(broken(format!("is of type {other}, expected F16 or F32"))),
        };
        if numbers.len() != shape.iter().product::<usize>() {
            return Err(broken(format!("has {} numbers, expected {shape:?}", numbers.len())));
        }
        if numbers.iter().any(|x| !x.is_finite()) {
            return Err(broken("holds what is not a number".to_owned()));
        }
        Ok(numbers)
    }
}

/// A half-precision number (IEEE 754 binary16) in single precision, exactly.
fn from_half(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(half >> 10 & 0x1f), u32::from(half & 0x3ff));
    match exponent {
        // Subnormal: a whole number of 2^-24ths.
        0 => f32::from_bits(sign | (fraction as f32 * f32::from_bits(0x3380_0000)).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// How numbers are written.
#[cfg(feature = "train")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// IEEE 754 binary16, the nearest.
    Half,
    /// As they are.
    Single,
}

/// A file of tensors, each with its name, shape and numbers, that [`Weights::open`] reads.
#[cfg(feature = "train")]
pub(super) fn write(metadata: &[(&str, String)], tensors: &[(&str, &[usize], &[f32])], numbers: Numbers) -> Vec<u8> {
    use serde_json::{Map, Value, json};
    let mut data = Vec::new();
    let mut header = Map::new();
    for (name, shape, values) in tensors {
        let from = data.len();
        match numbers {
            Numbers::Half => values.iter().for_each(|x| data.extend_from_slice(&to_half(*x).to_le_bytes())),
            Numbers::Single => values.iter().for_each(|x| data.extend_from_slice(&x.to_le_bytes())),
        }
        let dtype = if numbers == Numbers::Half { "F16" } else { "F32" };
        header
            .insert((*name).to_owned(), json!({ "dtype": dtype, "shape": shape, "data_offsets": [from, data.len()] }));
    }
    let mut facts: Map<String, Value> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), Value::from(value.as_str()))).collect();
    facts.insert("crc32".to_owned(), Value::from(format!("{:08x}", crc32fast::hash(&data))));
    header.insert("__metadata__".to_owned(), Value::Object(facts));
    let mut head = Value::Object(header).to_string().into_bytes();
    // Numbers begin at a multiple of eight.
    head.resize(head.len().next_multiple_of(8), b' ');
    let mut file = (head.len() as u64).to_le_bytes().to_vec();
    file.append(&mut head);
    file.append(&mut data);
    file
}

/// The nearest half-precision number, ties to the even one; what is too large becomes the largest.
#[cfg(feature = "train")]
fn to_half(x: f32) -> u16 {
    let sign = (x.to_bits() >> 16 & 0x8000) as u16;
    let size = x.abs().min(65504.0);
    // Adding and taking away rounds to a multiple of the step that halves have at this size.
    let exponent = (size.to_bits() >> 23).clamp(113, 142);
    let whole = f32::from_bits((exponent + 13) << 23);
    let rounded = (size + whole) - whole;
    let bits = rounded.to_bits();
    if bits >> 23 < 113 {
        // Subnormal: a whole number of 2^-24ths.
        return sign | (rounded * f32::from_bits(0x4b80_0000)) as u16;
    }
    sign | ((bits >> 13) - (112 << 10)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "train")]
    #[test]
    fn every_half_comes_back_and_others_go_to_the_nearest() {
        for half in (0..0x7c00u16).chain(0x8000..0xfc00) {
            assert_eq!(to_half(from_half(half)), half, "{half:04x}");
        }
        for half in 0..0x7bffu16 {
            let (a, b) = (from_half(half), from_half(half + 1));
            let even = half + (half & 1);
            assert_eq!(to_half(a + (b - a) * 0.49), half);
            assert_eq!(to_half(a + (b - a) / 2.0), even, "{half:04x}");
        }
        assert_eq!(to_half(-1e9), 0xfbff);
    }

    #[cfg(feature = "train")]
    #[test]
    fn what_is_written_is_read() {
        let values = [0.5, -2.0, 0.333_251_95];
        let file = write(&[("from", "a \"test\"".to_owned())], &[("a", &[3], &values)], Numbers::Half);
        let weights = Weights::open(&file).unwrap();
        assert_eq!(weights.tensor("a", &[3]).unwrap(), values);
        assert_eq!(weights.text("from").unwrap(), "a \"test\"");
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header.as_bytes());
        file.extend_from_slice(data);
        file
    }

    #[test]
    fn half_precision() {
        for (half, single) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(from_half(half), single);
        }
    }

    #[test]
    fn a_changed_byte_is_told_with_the_sum_that_is_expected() {
        let data = [0x00, 0x3c, 0x00, 0xc0];
        let header = format!(
            r#"{{"__metadata__":{{"crc32":"{:08x}","d":"7"}},"a":{{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}}}"#,
            crc32fast::hash(&data)
        );
        let good = file(&header, &data);
        let weights = Weights::open(&good).unwrap();
        assert_eq!(weights.tensor("a", &[2]).unwrap(), [1.0, -2.0]);
        assert_eq!(weights.size("d").unwrap(), 7);
        assert!(weights.tensor("a", &[3]).unwrap_err().to_string().contains("expected [3]"));
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(Weights::open(&changed).unwrap_err().to_string().contains("expected"));
        for cut in 0..good.len() {
            assert!(Weights::open(&good[..cut]).is_err());
        }
    }
}
