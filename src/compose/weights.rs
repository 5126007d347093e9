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

    /// A tensor that not every file has.
    pub(super) fn optional(&self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, Error> {
        self.header.tensors.contains_key(name).then(|| self.tensor(name, shape)).transpose()
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

#[cfg(test)]
mod tests {
    use super::*;

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
