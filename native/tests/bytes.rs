//! The parser of bytes, without Python: any bytes, and what is written is read.

#[allow(dead_code)]
#[path = "../src/bytes.rs"]
mod bytes;

use bytes::*;
use proptest::prelude::*;

/// What a reader can do, with the position that it says, which must be within the data.
#[derive(Debug, Clone)]
enum Step {
    Byte,
    Take(usize),
    Integer(bool),
    Index,
    Span,
    Block(usize),
    Double,
    Float,
    Uuid,
    MoveTo(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Byte),
        any::<usize>().prop_map(Step::Take),
        (0usize..20).prop_map(Step::Take),
        any::<bool>().prop_map(Step::Integer),
        Just(Step::Index),
        Just(Step::Span),
        any::<usize>().prop_map(Step::Block),
        (0usize..20).prop_map(Step::Block),
        Just(Step::Double),
        Just(Step::Float),
        Just(Step::Uuid),
        any::<usize>().prop_map(Step::MoveTo),
    ];
    proptest::collection::vec(step, 0..30)
}

/// Bytes that are likely to be numbers, lengths and counts.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), Just(0u8), Just(0x80u8), Just(0xffu8), 0u8..20];
    proptest::collection::vec(byte, 0..80)
}

/// A varint, slowly: `None` if it has too many bits or ends too soon.
fn varint(data: &[u8], bits: u32) -> Option<(i64, usize)> {
    let (mut number, mut size) = (0u128, 0);
    loop {
        let byte = *data.get(size)?;
        if size >= (bits as usize).div_ceil(7) {
            return None;
        }
        number |= u128::from(byte & 127) << (7 * size);
        size += 1;
        if byte < 128 {
            break;
        }
    }
    if number >> bits != 0 {
        return None;
    }
    let number = number as u64;
    Some(((number >> 1) as i64 ^ -((number & 1) as i64), size))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(data in data(), steps in steps()) {
        let mut reader = Reader::new(&data);
        for step in steps {
            let before = reader.position();
            match step {
                Step::Byte => drop(reader.byte()),
                Step::Take(size) => {
                    let taken = reader.take(size);
                    prop_assert_eq!(taken.is_ok(), size <= data.len() - before);
                    prop_assert!(taken.is_err() || taken.unwrap().len() == size);
                }
                Step::Integer(wide) => drop(reader.integer(wide)),
                Step::Index => drop(reader.index()),
                Step::Span => drop(reader.span()),
                Step::Block(least) => {
                    if let Ok((count, size)) = reader.block(least) {
                        let left = reader.remaining();
                        prop_assert!(count == 0 || count.checked_mul(least).unwrap() <= left);
                        prop_assert!(count == 0 || least > 0);
                        prop_assert!(size.is_none_or(|size| size <= data.len()));
                    }
                }
                Step::Double => drop(reader.double()),
                Step::Float => drop(reader.float()),
                Step::Uuid => drop(reader.uuid()),
                Step::MoveTo(position) => {
                    let allowed = position >= before && position <= data.len();
                    prop_assert_eq!(reader.move_to(position).is_ok(), allowed);
                }
            }
            prop_assert!(reader.position() >= before && reader.position() <= data.len());
        }
    }

    #[test]
    fn varints_are_those_of_the_specification(data in data(), wide: bool) {
        let mut reader = Reader::new(&data);
        let found = reader.integer(wide).ok().map(|number| (number, reader.position()));
        prop_assert_eq!(found, varint(&data, if wide { 64 } else { 32 }));
    }

    #[test]
    fn what_is_written_is_read(
        long: i64, double: f64, float: f32, content in proptest::collection::vec(any::<u8>(), 0..600),
        raw in proptest::collection::vec(any::<u8>(), 0..40), dropped in 0usize..20,
    ) {
        let mut writer = Writer::reusing(vec![7; dropped]);
        writer.long(long).unwrap();
        writer.double(double).unwrap();
        let kept = writer.position();
        writer.raw(&raw).unwrap();
        writer.return_to(kept);
        writer.float(float).unwrap();
        writer.span(&content).unwrap();
        writer.byte(1).unwrap();
        let mut reader = Reader::new(writer.written());
        prop_assert_eq!(reader.long(), Ok(long));
        prop_assert_eq!(reader.double().unwrap().to_bits(), double.to_bits());
        prop_assert_eq!(reader.float().unwrap().to_bits(), float.to_bits());
        prop_assert_eq!(reader.span(), Ok(&content[..]));
        prop_assert_eq!(reader.byte(), Ok(1));
        prop_assert_eq!(reader.remaining(), 0);
    }

    #[test]
    fn numbers_have_as_few_bytes_as_hold_them(number: i64, size in 0usize..20) {
        let mut writer = Writer::default();
        writer.signed(number, None).unwrap();
        let mut reader = Reader::new(writer.written());
        let content = reader.span().unwrap();
        prop_assert_eq!(signed_number(content), Ok(number));
        prop_assert_eq!(content.len(), signed_size(number));
        if content.len() > 1 {
            prop_assert!(signed_number(&content[1..]) != Ok(number));
        }
        let mut writer = Writer::default();
        match writer.signed(number, Some(size)) {
            Err(Unusual) => prop_assert!(size < content.len()),
            Ok(()) => {
                let written = writer.written();
                prop_assert_eq!(written.len(), size);
                let (fill, rest) = written.split_at(size - content.len());
                prop_assert_eq!(rest, content);
                let sign = (number >> 63) as u8;
                let is_filled = fill.iter().all(|byte| *byte == sign);
                prop_assert!(is_filled);
            }
        }
    }

    #[test]
    fn texts_of_decimals_are_their_numbers(number: i64, scale in 0usize..=18) {
        let number = number / 10; // at most 18 digits
        let (text, start) = decimal_text(number, scale);
        let text = &text[start..];
        prop_assert_eq!(text.iter().filter(|byte| **byte == b'.').count(), (scale > 0) as usize);
        prop_assert_eq!(unscaled(text, 18, scale as i64), Ok(number));
        if number % 10 != 0 && scale > 0 {
            prop_assert_eq!(unscaled(text, 18, scale as i64 - 1), Err(Unusual));
        }
    }

    #[test]
    fn any_text_is_a_decimal_or_refused(text in "[-0-9.E+ a]{0,50}", precision in -1i64..40, scale in 0i64..40) {
        if let Ok(number) = unscaled(text.as_bytes(), precision, scale) {
            prop_assert!(number.unsigned_abs().checked_ilog10().map_or(0, |d| d as i64 + 1) <= precision.max(0));
        }
    }

    #[test]
    fn texts_of_uuids_are_their_numbers(number: u128, at in 0usize..36, byte: u8) {
        let mut text = uuid_text(number);
        let digits = uuid_digits(&text).unwrap();
        prop_assert_eq!(digits, uuid_digits_of(number));
        let hex = std::str::from_utf8(&digits[..32]).unwrap();
        prop_assert_eq!(u128::from_str_radix(hex, 16), Ok(number));
        text[at] = byte;
        let is_right = if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
        prop_assert_eq!(uuid_digits(&text).is_ok(), is_right);
        prop_assert!(uuid_digits(&text[..at]).is_err());
    }

    #[test]
    fn dates_are_their_days(days in FIRST_DAY..=LAST_DAY) {
        let (year, month, day) = date_from_days(days);
        prop_assert!((1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day));
        prop_assert_eq!(days_from_date(year.into(), month.into(), day.into()), days);
        if days < LAST_DAY {
            let next = date_from_days(days + 1);
            prop_assert!(next > (year, month, day));
            prop_assert!(next.2 == day + 1 || next.2 == 1);
        }
    }
}

#[test]
fn the_ends_of_dates() {
    assert_eq!(date_from_days(FIRST_DAY), (1, 1, 1));
    assert_eq!(date_from_days(0), (1970, 1, 1));
    assert_eq!(date_from_days(11_016), (2000, 2, 29));
    assert_eq!(date_from_days(LAST_DAY), (9999, 12, 31));
}

#[test]
fn large_buffers_are_not_kept() {
    let mut writer = Writer::default();
    writer.span(&vec![0; 2 << 20]).unwrap();
    assert!(writer.into_buffer().is_empty());
    let mut writer = Writer::default();
    writer.byte(0).unwrap();
    assert!(!writer.into_buffer().is_empty());
}
