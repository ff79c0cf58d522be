//! `datetime.date`, `time` and `datetime`, by the capsule of the module and the layout of its objects.
//!
//! Unsafe code, as the stable ABI has no functions for them. The layout has been the same since Python
//! 3.0 at least; [`set_up`] compares it with what the attributes of some values say.

use crate::bytes::{date_from_days, days_from_date, Result, Unusual, SECONDS_PER_DAY};
use crate::objects::{unknown, Brief, Own, Raw};
use pyo3::{ffi, prelude::*, types::PyDict};
use std::{
    os::raw::c_int,
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering::Relaxed},
};

/// The beginning of `PyDateTime_CAPI`.
#[repr(C)]
struct Capsule {
    date: Raw,
    datetime: Raw,
    time: Raw,
    timedelta: Raw,
    tzinfo: Raw,
    utc: Raw,
    new_date: unsafe extern "C" fn(c_int, c_int, c_int, Raw) -> Raw,
    new_datetime:
        unsafe extern "C" fn(c_int, c_int, c_int, c_int, c_int, c_int, c_int, Raw, Raw) -> Raw,
    new_time: unsafe extern "C" fn(c_int, c_int, c_int, c_int, Raw, Raw) -> Raw,
}

/// Year (two bytes), month, day.
#[repr(C)]
struct DateLayout {
    base: ffi::PyObject,
    hash: isize,
    has_zone: u8,
    data: [u8; 4],
}

/// A date, hour, minute, second, microsecond (three bytes). `zone` is there if `has_zone` is set.
#[repr(C)]
struct DatetimeLayout {
    base: ffi::PyObject,
    hash: isize,
    has_zone: u8,
    data: [u8; 10],
    fold: u8,
}

/// Hour, minute, second, microsecond (three bytes).
#[repr(C)]
struct TimeLayout {
    base: ffi::PyObject,
    hash: isize,
    has_zone: u8,
    data: [u8; 6],
    fold: u8,
}

/// A datetime with a time zone.
#[repr(C)]
struct ZonedLayout {
    datetime: DatetimeLayout,
    zone: Raw,
}

static CAPSULE: AtomicPtr<Capsule> = AtomicPtr::new(null_mut());

#[inline(always)]
fn capsule() -> &'static Capsule {
    // SAFETY: the module exports no function before `set_up` has found the capsule, which is static.
    unsafe { &*CAPSULE.load(Relaxed) }
}

fn days(data: &[u8]) -> i64 {
    let year = (data[0] as i64) << 8 | data[1] as i64;
    days_from_date(year, data[2] as i64, data[3] as i64)
}

/// Return seconds of the day, and microseconds.
fn clock(data: &[u8]) -> (i64, i64) {
    let seconds = (data[0] as i64 * 60 + data[1] as i64) * 60 + data[2] as i64;
    (seconds, (data[3] as i64) << 16 | (data[4] as i64) << 8 | data[5] as i64)
}

/// Return the days from 1970 to a value that is exactly a date.
#[inline]
pub fn days_of(value: Brief<'_>) -> Result<i64> {
    if value.type_address() != capsule().date as usize {
        return Err(Unusual);
    }
    // SAFETY: the layout of this type. Likewise below.
    Ok(days(unsafe { &value.layout::<DateLayout>().data }))
}

/// Return seconds and microseconds since midnight of a value that is exactly a time without zone.
pub fn clock_of(value: Brief<'_>) -> Result<(i64, i64)> {
    if value.type_address() != capsule().time as usize {
        return Err(Unusual);
    }
    let time = unsafe { value.layout::<TimeLayout>() };
    if time.has_zone != 0 {
        return Err(Unusual);
    }
    Ok(clock(&time.data))
}

/// Return seconds since 1970 and microseconds of a value that is exactly a datetime: without zone if
/// `local`, else with `timezone.utc`. Other zones are for the interpreter.
pub fn timestamp_of(value: Brief<'_>, local: bool) -> Result<(i64, i64)> {
    if value.type_address() != capsule().datetime as usize {
        return Err(Unusual);
    }
    let datetime = unsafe { value.layout::<DatetimeLayout>() };
    let has_zone = datetime.has_zone != 0;
    if has_zone == local {
        return Err(Unusual);
    }
    // SAFETY: a datetime has a zone behind it if it says so.
    if has_zone && unsafe { value.layout::<ZonedLayout>().zone } != capsule().utc {
        return Err(Unusual);
    }
    let (seconds, microseconds) = clock(&datetime.data[4..]);
    Ok((days(&datetime.data) * SECONDS_PER_DAY + seconds, microseconds))
}

/// Return the date so many days after 1970, which is in the years 1 to 9999.
pub fn date(days: i64) -> Result<Own> {
    let (year, month, day) = date_from_days(days);
    // SAFETY: functions of the capsule check their arguments, and return a new reference.
    unsafe { Own::take((capsule().new_date)(year, month, day, capsule().date)) }
}

/// Return the time so many seconds after midnight.
pub fn time(seconds: i64, microseconds: i64) -> Result<Own> {
    let (hour, minute, second) = hour_minute_second(seconds);
    let (microsecond, new) = (microseconds as c_int, capsule().new_time);
    unsafe { Own::take(new(hour, minute, second, microsecond, ffi::Py_None(), capsule().time)) }
}

/// Return the datetime so many days and seconds after 1970, which is in the years 1 to 9999.
pub fn datetime(days: i64, seconds: i64, microseconds: i64, local: bool) -> Result<Own> {
    let (year, month, day) = date_from_days(days);
    let (hour, minute, second) = hour_minute_second(seconds);
    let (microsecond, new) = (microseconds as c_int, capsule().new_datetime);
    unsafe {
        let zone = if local { ffi::Py_None() } else { capsule().utc };
        let class = capsule().datetime;
        Own::take(new(year, month, day, hour, minute, second, microsecond, zone, class))
    }
}

fn hour_minute_second(seconds: i64) -> (c_int, c_int, c_int) {
    ((seconds / 3600) as c_int, (seconds / 60 % 60) as c_int, (seconds % 60) as c_int)
}

/// Import the capsule and compare layouts.
///
/// # Errors
/// ImportError: this interpreter keeps something elsewhere.
pub fn set_up(py: Python<'_>) -> PyResult<()> {
    let module = py.import("datetime")?;
    // SAFETY: the name of the capsule says what it points to.
    let capsule = unsafe { ffi::PyCapsule_Import(c"datetime.datetime_CAPI".as_ptr(), 0) };
    if capsule.is_null() {
        return Err(PyErr::fetch(py));
    }
    let found: *mut Capsule = capsule.cast();
    // SAFETY: as above; pointers are compared, not followed.
    let (types, utc) = unsafe { ([(*found).date, (*found).datetime, (*found).time], (*found).utc) };
    for (name, address) in ["date", "datetime", "time"].iter().zip(types) {
        if module.getattr(*name)?.as_ptr() != address {
            return Err(unknown("datetime's capsule"));
        }
    }
    let zone = module.getattr("timezone")?.getattr("utc")?;
    if zone.as_ptr() != utc {
        return Err(unknown("datetime's capsule"));
    }
    CAPSULE.store(found, Relaxed);
    compare(&module, &zone).map_err(|_| unknown("datetime's types"))
}

/// Compare what is read with what was given, and the reverse.
fn compare(module: &Bound<'_, PyModule>, zone: &Bound<'_, PyAny>) -> PyResult<()> {
    let wrong = |_| unknown("datetime's types");
    let agree = |same: bool| if same { Ok(()) } else { Err(unknown("datetime's types")) };
    let (new_date, new_time) = (module.getattr("date")?, module.getattr("time")?);
    let new_datetime = module.getattr("datetime")?;
    let own = |value: &Bound<'_, PyAny>| Own::from_bound(value);
    let utc = PyDict::new(module.py());
    utc.set_item("tzinfo", zone)?;
    let other = PyDict::new(module.py());
    let hour = module.getattr("timedelta")?.call1((0, 3600))?;
    other.set_item("tzinfo", module.getattr("timezone")?.call1((hour,))?)?;
    for (year, month, day, days) in [
        (1, 1, 1, -719_162_i64),
        (1969, 12, 31, -1),
        (2024, 2, 29, 19_782),
        (9999, 12, 31, 2_932_896),
    ] {
        let value = new_date.call1((year, month, day))?;
        agree(days_of(own(&value).brief()).map_err(wrong)? == days)?;
        agree(same(&value, &date(days).map_err(wrong)?)?)?;
        for (hour, minute, second, microsecond) in [(0, 0, 0, 0), (23, 59, 58, 654_321)] {
            let seconds: i64 = (hour * 60 + minute) * 60 + second;
            let parts = (year, month, day, hour, minute, second, microsecond);
            for (zoned, local) in [(None, true), (Some(&utc), false)] {
                let value = new_datetime.call(parts, zoned)?;
                let value_of = timestamp_of(own(&value).brief(), local).map_err(wrong)?;
                agree(value_of == (days * SECONDS_PER_DAY + seconds, microsecond))?;
                agree(timestamp_of(own(&value).brief(), !local).is_err())?;
                let made = datetime(days, seconds, microsecond, local).map_err(wrong)?;
                agree(same(&value, &made)?)?;
            }
            let foreign = new_datetime.call(parts, Some(&other))?;
            agree(timestamp_of(own(&foreign).brief(), false).is_err())?;
            let value = new_time.call1((hour, minute, second, microsecond))?;
            agree(clock_of(own(&value).brief()).map_err(wrong)? == (seconds, microsecond))?;
            agree(same(&value, &time(seconds, microsecond).map_err(wrong)?)?)?;
        }
    }
    agree(clock_of(own(&new_time.call((1,), Some(&utc))?).brief()).is_err())
}

fn same(value: &Bound<'_, PyAny>, made: &Own) -> PyResult<bool> {
    // SAFETY: both exist; the new reference of the second is released by its Own.
    let made = unsafe { Bound::from_borrowed_ptr(value.py(), made.raw()) };
    Ok(value.eq(&made)? && value.repr()?.to_str()? == made.repr()?.to_str()?)
}
