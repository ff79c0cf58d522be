//! Avro's binary encoding as bytes and numbers (specification, "Binary Encoding").
//!
//! No Python here, and no unsafe code: this is what hostile bytes meet first. Whatever it does not
//! expect is [`Unusual`], and left to avrogen's interpreter, which makes the value or the error.
#![forbid(unsafe_code)]

/// A value or data that are left to the interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusual;

pub type Result<T> = std::result::Result<T, Unusual>;

/// A position in data. Every read is checked, and moves it on.
pub struct Reader<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Reader { data, position: 0 }
    }

    pub fn position(&self) -> usize {
        self.position
    }

    /// Go on at a later position.
    pub fn move_to(&mut self, position: usize) -> Result<()> {
        if position < self.position || position > self.data.len() {
            return Err(Unusual);
        }
        self.position = position;
        Ok(())
    }

    #[inline(always)]
    pub fn remaining(&self) -> usize {
        self.data.len() - self.position
    }

    #[inline(always)]
    pub fn byte(&mut self) -> Result<u8> {
        let byte = *self.data.get(self.position).ok_or(Unusual)?;
        self.position += 1;
        Ok(byte)
    }

    #[inline(always)]
    pub fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        if size > self.remaining() {
            return Err(Unusual);
        }
        let taken = &self.data[self.position..self.position + size];
        self.position += size;
        Ok(taken)
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.data.get(self.position..).and_then(|rest| rest.first_chunk::<N>());
        let taken = *taken.ok_or(Unusual)?;
        self.position += N;
        Ok(taken)
    }

    #[inline(always)]
    fn varint(&mut self, wide: bool) -> Result<u64> {
        let byte = self.byte()?;
        if byte < 128 {
            return Ok(byte as u64);
        }
        self.varint_after(byte, wide)
    }

    #[inline]
    fn varint_after(&mut self, first: u8, wide: bool) -> Result<u64> {
        let last = if wide { 63 } else { 28 };
        let mut number = (first & 127) as u64;
        let mut shift = 7;
        loop {
            if shift > last {
                return Err(Unusual);
            }
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(Unusual);
            }
            number |= ((byte & 127) as u64) << shift;
            if byte < 128 {
                break;
            }
            shift += 7;
        }
        if !wide && number >> 32 != 0 {
            return Err(Unusual);
        }
        Ok(number)
    }

    /// Read a zigzag varint of 64 bits, or of 32.
    #[inline(always)]
    pub fn integer(&mut self, wide: bool) -> Result<i64> {
        let number = self.varint(wide)?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    #[inline(always)]
    pub fn long(&mut self) -> Result<i64> {
        self.integer(true)
    }

    #[inline(always)]
    pub fn int(&mut self) -> Result<i64> {
        self.integer(false)
    }

    /// Read the position of a symbol or a branch.
    #[inline(always)]
    pub fn index(&mut self) -> Result<usize> {
        usize::try_from(self.int()?).map_err(|_| Unusual)
    }

    /// Read a length and as many bytes.
    #[inline(always)]
    pub fn span(&mut self) -> Result<&'a [u8]> {
        let size = usize::try_from(self.long()?).map_err(|_| Unusual)?;
        self.take(size)
    }

    /// Read the count of a block whose items have at least `least` bytes each, and the block's size
    /// in bytes if it has one. So many items of that size remain.
    #[inline(always)]
    pub fn block(&mut self, least: usize) -> Result<(usize, Option<usize>)> {
        let count = self.long()?;
        if count == 0 {
            return Ok((0, None));
        }
        let mut size = None;
        if count < 0 {
            let bytes = usize::try_from(self.long()?).map_err(|_| Unusual)?;
            if bytes > self.remaining() {
                return Err(Unusual);
            }
            size = Some(bytes);
        }
        let count = usize::try_from(count.unsigned_abs()).map_err(|_| Unusual)?;
        // How many items without bytes there may be in a datum is counted by the interpreter.
        if least == 0 || count > self.remaining() / least {
            return Err(Unusual);
        }
        Ok((count, size))
    }

    #[inline(always)]
    pub fn double(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    #[inline(always)]
    pub fn float(&mut self) -> Result<f32> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    pub fn uuid(&mut self) -> Result<u128> {
        Ok(u128::from_be_bytes(self.array()?))
    }
}

/// Bytes that are written.
///
/// The buffer is filled with zeros beyond the end, so that a write is one comparison and a copy.
#[derive(Default)]
pub struct Writer {
    buffer: Vec<u8>,
    end: usize,
}

const FIRST_SIZE: usize = 256;
const MOST_KEPT: usize = 1 << 20;
const LONGEST_VARINT: usize = 10;

impl Writer {
    /// Return a writer that uses the buffer of an earlier one.
    pub fn reusing(buffer: Vec<u8>) -> Self {
        Writer { buffer, end: 0 }
    }

    /// Return the buffer, to be used again; an empty one, if it is large.
    pub fn into_buffer(self) -> Vec<u8> {
        if self.buffer.len() > MOST_KEPT {
            return Vec::new();
        }
        self.buffer
    }

    #[inline(always)]
    pub fn written(&self) -> &[u8] {
        &self.buffer[..self.end]
    }

    #[inline(always)]
    pub fn position(&self) -> usize {
        self.end
    }

    /// Drop what was written after a position.
    #[inline(always)]
    pub fn return_to(&mut self, position: usize) {
        self.end = self.end.min(position);
    }

    #[inline(always)]
    pub fn reserve(&mut self, size: usize) -> Result<()> {
        if self.buffer.len() - self.end < size {
            self.grow(size)?;
        }
        Ok(())
    }

    /// Where memory is short, the interpreter raises MemoryError.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, size: usize) -> Result<()> {
        let needed = self.end.checked_add(size).ok_or(Unusual)?;
        let wanted = needed.max(self.buffer.len().saturating_mul(2)).max(FIRST_SIZE);
        self.buffer.try_reserve_exact(wanted - self.buffer.len()).map_err(|_| Unusual)?;
        self.buffer.resize(wanted, 0);
        Ok(())
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self, bytes: [u8; N]) -> Result<()> {
        self.reserve(N)?;
        let room = self.buffer.get_mut(self.end..).and_then(|rest| rest.first_chunk_mut::<N>());
        *room.ok_or(Unusual)? = bytes;
        self.end += N;
        Ok(())
    }

    #[inline(always)]
    pub fn byte(&mut self, byte: u8) -> Result<()> {
        self.array([byte])
    }

    #[inline(always)]
    pub fn double(&mut self, number: f64) -> Result<()> {
        self.array(number.to_le_bytes())
    }

    #[inline(always)]
    pub fn float(&mut self, number: f32) -> Result<()> {
        self.array(number.to_le_bytes())
    }

    #[inline(always)]
    pub fn long(&mut self, number: i64) -> Result<()> {
        let zigzag = ((number << 1) ^ (number >> 63)) as u64;
        if zigzag < 128 {
            return self.byte(zigzag as u8);
        }
        self.long_varint(zigzag)
    }

    #[inline]
    fn long_varint(&mut self, mut number: u64) -> Result<()> {
        self.reserve(LONGEST_VARINT)?;
        let rest = self.buffer.get_mut(self.end..);
        let room = rest.and_then(|rest| rest.first_chunk_mut::<LONGEST_VARINT>());
        let room = room.ok_or(Unusual)?;
        let mut size = 0;
        while number > 127 && size < LONGEST_VARINT - 1 {
            room[size] = number as u8 | 128;
            number >>= 7;
            size += 1;
        }
        room[size] = number as u8;
        self.end += size + 1;
        Ok(())
    }

    #[inline(always)]
    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.reserve(bytes.len())?;
        let end = self.end + bytes.len();
        self.buffer.get_mut(self.end..end).ok_or(Unusual)?.copy_from_slice(bytes);
        self.end = end;
        Ok(())
    }

    /// Write a length and the bytes.
    #[inline(always)]
    pub fn span(&mut self, bytes: &[u8]) -> Result<()> {
        self.long(bytes.len() as i64)?;
        self.raw(bytes)
    }
}

// --- dates (days from 1970, proleptic Gregorian) -------------------------------------------------

pub const FIRST_DAY: i64 = -719_162; // 0001-01-01
pub const LAST_DAY: i64 = 2_932_896; // 9999-12-31
pub const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_ERA: i64 = 146_097; // 400 years
const DAYS_TO_ERA: i64 = 719_468; // from 0000-03-01, the first day of an era, to 1970

/// Return the days from 1970-01-01 to a date.
pub fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let month_from_march = month + if month > 2 { -3 } else { 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_ERA
}

/// Return year, month and day of the date that is so many days after 1970-01-01.
pub fn date_from_days(days: i64) -> (i32, i32, i32) {
    let days = days + DAYS_TO_ERA;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days - era * DAYS_PER_ERA;
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year as i32, month as i32, day as i32)
}

/// Microseconds of a second from units of it, rounded down.
pub fn microseconds(units: i64, per_second: i64) -> i64 {
    if per_second <= 1_000_000 {
        units * (1_000_000 / per_second)
    } else {
        units / (per_second / 1_000_000)
    }
}

// --- uuid -----------------------------------------------------------------------------------------

const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const UUID_TEXT: usize = 36;

/// The hexadecimal digits of a UUID with a zero byte behind them, as C's functions need it.
pub type UuidDigits = [u8; 33];

/// Return the digits of a UUID's text with hyphens. Other spellings are left to the interpreter.
pub fn uuid_digits(text: &[u8]) -> Result<UuidDigits> {
    if text.len() != UUID_TEXT {
        return Err(Unusual);
    }
    let mut digits = [0; 33];
    let mut count = 0;
    for (at, &byte) in text.iter().enumerate() {
        if HYPHENS.contains(&at) {
            if byte != b'-' {
                return Err(Unusual);
            }
        } else if byte.is_ascii_hexdigit() {
            digits[count] = byte;
            count += 1;
        } else {
            return Err(Unusual);
        }
    }
    Ok(digits)
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Return the digits of a UUID.
pub fn uuid_digits_of(number: u128) -> UuidDigits {
    let mut digits = [0; 33];
    for (place, byte) in number.to_be_bytes().iter().enumerate() {
        digits[2 * place] = HEX[(byte >> 4) as usize];
        digits[2 * place + 1] = HEX[(byte & 15) as usize];
    }
    digits
}

/// Return the text of a UUID with hyphens.
pub fn uuid_text(number: u128) -> [u8; UUID_TEXT] {
    let digits = uuid_digits_of(number);
    let mut text = [b'-'; UUID_TEXT];
    let places = (0..UUID_TEXT).filter(|at| !HYPHENS.contains(at));
    for (place, &digit) in places.zip(digits.iter()) {
        text[place] = digit;
    }
    text
}

// --- decimals -------------------------------------------------------------------------------------

const MOST_DIGITS: i64 = 18; // any number of so many digits fits 64 bits
const LONGEST_DECIMAL: usize = 39;

/// Return `value * 10**scale` of a decimal's text. Zeros beyond the scale are dropped.
///
/// More than 18 digits, more than `precision`, exponents, and what is no number are unusual.
pub fn unscaled(text: &[u8], precision: i64, scale: i64) -> Result<i64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if text.len() > LONGEST_DECIMAL {
        return Err(Unusual);
    }
    let (mut number, mut digits) = (0i64, 0i64);
    let mut places: Option<i64> = None;
    for &byte in text {
        match byte {
            b'.' => places = Some(0),
            b'0'..=b'9' if places.is_some_and(|found| found >= scale) => {
                if byte != b'0' {
                    return Err(Unusual);
                }
            }
            b'0'..=b'9' => {
                number = number * 10 + (byte - b'0') as i64;
                digits += (number != 0) as i64;
                if digits > MOST_DIGITS {
                    return Err(Unusual);
                }
                places = places.map(|found| found + 1);
            }
            _ => return Err(Unusual),
        }
    }
    for _ in places.unwrap_or(0)..scale {
        if number == 0 {
            break;
        }
        number = number.checked_mul(10).ok_or(Unusual)?;
        digits += 1;
        if digits > MOST_DIGITS {
            return Err(Unusual);
        }
    }
    if digits > precision {
        return Err(Unusual);
    }
    Ok(if negative { -number } else { number })
}

/// Greatest scale that [`decimal_text`] has room for.
pub const MOST_PLACES: usize = 18;

/// Return the text of `number / 10**scale` with `scale` decimal places, at the end of an array, and
/// where it begins. `scale` is at most [`MOST_PLACES`].
pub fn decimal_text(number: i64, scale: usize) -> ([u8; 48], usize) {
    let mut text = [0; 48];
    let (mut start, mut rest, mut place) = (text.len(), number.unsigned_abs(), 0);
    loop {
        if place == scale && place > 0 {
            start -= 1;
            text[start] = b'.';
        }
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        place += 1;
        if rest == 0 && place > scale {
            break;
        }
    }
    if number < 0 {
        start -= 1;
        text[start] = b'-';
    }
    (text, start)
}

/// Return the number of a big-endian two's complement of one to eight bytes.
pub fn signed_number(bytes: &[u8]) -> Result<i64> {
    let (&first, rest) = bytes.split_first().ok_or(Unusual)?;
    if rest.len() > 7 {
        return Err(Unusual);
    }
    Ok(rest.iter().fold(first as i8 as i64, |number, &byte| number << 8 | byte as i64))
}

/// Return the fewest bytes that hold a number in two's complement.
pub fn signed_size(number: i64) -> usize {
    let magnitude = (if number < 0 { !number } else { number }) as u64;
    (64 - magnitude.leading_zeros() as usize) / 8 + 1
}

impl Writer {
    /// Write a number in big-endian two's complement: as few bytes as hold it, with their count, or
    /// exactly `size`.
    pub fn signed(&mut self, number: i64, size: Option<usize>) -> Result<()> {
        let raw = number.to_be_bytes();
        let needed = signed_size(number);
        match size {
            None => {
                self.byte(needed as u8 * 2)?;
                self.raw(&raw[8 - needed..])
            }
            Some(size) if size < needed => Err(Unusual),
            Some(size) => {
                self.reserve(size)?;
                for _ in 8..size {
                    self.byte((number >> 63) as u8)?;
                }
                self.raw(&raw[8 - size.min(8)..])
            }
        }
    }
}
