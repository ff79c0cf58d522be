//! Python objects: references, types, and where objects keep what is in them.
//!
//! The walkers (`encode`, `decode`, `skip`) forbid unsafe code and use Python only through this module.
//! Functions here are safe to call because of three rules:
//!
//! 1. An [`Own`] is a reference that is counted, a [`Brief`] one that is not. A `Brief` that was read
//!    from an object that others can change borrows the [`Interpreter`]; whatever may run Python code
//!    needs it mutably. So the compiler refuses code that uses a `Brief` after Python code could have
//!    removed the object. (Dropping an `Own` may run a finalizer, too: functions with such a `Brief`
//!    have no `Own` to drop.)
//! 2. References are counted by calling the interpreter, never inline: objects that are immortal in
//!    Python 3.12 and newer would wear out in a module compiled with the headers of 3.11.
//! 3. Three layouts are relied on that the stable ABI does not promise: of `float`, of `list`, and of
//!    `datetime`'s types. [`set_up`] compares them with what the interpreter's functions say, and
//!    fails if they differ; then the module cannot be imported, and avrogen uses its Python backend.
//!    The places of `__slots__` are read from the type's own member table, which is in the stable ABI.

use crate::bytes::{uuid_digits_of, Result, Unusual, UuidDigits};
use pyo3::{
    exceptions::{PyImportError, PyNotImplementedError},
    ffi,
    prelude::*,
    types::{PyBytes, PyType},
};
use std::{
    ffi::CStr,
    marker::PhantomData,
    mem::{size_of, ManuallyDrop},
    ops::Deref,
    os::raw::c_char,
    ptr::{null, null_mut, NonNull},
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed},
};

pub type Raw = *mut ffi::PyObject;

// --- references -----------------------------------------------------------------------------------

/// The permission to run Python code, in a thread that holds the GIL.
pub struct Interpreter(PhantomData<*mut ()>);

impl Interpreter {
    /// # Safety
    /// The thread holds the GIL as long as the result exists, and has no other.
    #[inline(always)]
    pub unsafe fn attached() -> Self {
        Interpreter(PhantomData)
    }
}

/// A counted reference.
#[repr(transparent)]
pub struct Own(NonNull<ffi::PyObject>);

impl Own {
    /// Take over a new reference from the interpreter, whose null means that an exception is set.
    ///
    /// # Safety
    /// `raw` is null or a reference that nobody else releases.
    #[inline(always)]
    pub unsafe fn take(raw: Raw) -> Result<Own> {
        NonNull::new(raw).map(Own).ok_or(Unusual)
    }

    /// Count a reference to an object that exists.
    ///
    /// # Safety
    /// `raw` is an object, and not null.
    #[inline(always)]
    pub unsafe fn hold(raw: Raw) -> Own {
        ffi::Py_INCREF(raw);
        Own(NonNull::new_unchecked(raw))
    }

    #[inline(always)]
    pub fn raw(&self) -> Raw {
        self.0.as_ptr()
    }

    #[inline(always)]
    pub fn into_raw(self) -> Raw {
        ManuallyDrop::new(self).raw()
    }

    #[inline(always)]
    pub fn brief(&self) -> Brief<'_> {
        Brief(self.0, PhantomData)
    }

    pub fn into_bound(self, py: Python<'_>) -> Bound<'_, PyAny> {
        // SAFETY: the reference is ours, and is given away.
        unsafe { Bound::from_owned_ptr(py, self.into_raw()) }
    }

    pub fn from_bound<T>(object: &Bound<'_, T>) -> Own {
        // SAFETY: a Bound is a reference to an object that exists.
        unsafe { Own::hold(object.as_ptr()) }
    }
}

impl Clone for Own {
    #[inline(always)]
    fn clone(&self) -> Own {
        self.brief().hold()
    }
}

impl Drop for Own {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and values are used only in threads that hold the GIL.
        unsafe { ffi::Py_DECREF(self.raw()) }
    }
}

/// A reference in an object that nobody but the borrower can change.
pub struct Lent<'a>(ManuallyDrop<Own>, PhantomData<&'a Own>);

impl Deref for Lent<'_> {
    type Target = Own;
    #[inline(always)]
    fn deref(&self) -> &Own {
        &self.0
    }
}

/// A reference that is not counted: the object exists as long as what is borrowed.
#[derive(Clone, Copy)]
pub struct Brief<'a>(NonNull<ffi::PyObject>, PhantomData<&'a Interpreter>);

/// An address, to compare with. Never followed.
pub type Address = usize;

impl<'a> Brief<'a> {
    /// SAFETY of all calls: the object exists for `'a`.
    #[inline(always)]
    unsafe fn new(raw: Raw) -> Option<Brief<'a>> {
        NonNull::new(raw).map(|raw| Brief(raw, PhantomData))
    }

    #[inline(always)]
    fn raw(self) -> Raw {
        self.0.as_ptr()
    }

    #[inline(always)]
    pub fn hold(self) -> Own {
        // SAFETY: the object exists.
        unsafe { Own::hold(self.raw()) }
    }

    #[inline(always)]
    pub fn address(self) -> Address {
        self.raw() as Address
    }

    #[inline(always)]
    fn type_(self) -> *mut ffi::PyTypeObject {
        // SAFETY: the object exists, and each has a type.
        unsafe { ffi::Py_TYPE(self.raw()) }
    }

    #[inline(always)]
    pub fn type_address(self) -> Address {
        self.type_() as Address
    }

    /// Whether the type is exactly `class`.
    #[inline(always)]
    pub fn is_a(self, class: &Own) -> bool {
        self.type_address() == class.brief().address()
    }

    #[inline(always)]
    pub fn is_none(self) -> bool {
        // SAFETY: an address of the interpreter.
        self.raw() == unsafe { ffi::Py_None() }
    }

    #[inline(always)]
    pub fn boolean(self) -> Result<bool> {
        // SAFETY: addresses of the interpreter.
        if self.raw() == unsafe { ffi::Py_True() } {
            Ok(true)
        } else if self.raw() == unsafe { ffi::Py_False() } {
            Ok(false)
        } else {
            Err(Unusual)
        }
    }

    #[inline(always)]
    pub fn is_int(self) -> bool {
        self.type_() == &raw mut ffi::PyLong_Type
    }

    #[inline(always)]
    pub fn is_float(self) -> bool {
        self.type_() == &raw mut ffi::PyFloat_Type
    }

    #[inline(always)]
    pub fn is_bytes(self) -> bool {
        self.type_() == &raw mut ffi::PyBytes_Type
    }

    #[inline(always)]
    pub fn is_str(self) -> bool {
        self.type_() == &raw mut ffi::PyUnicode_Type
    }

    /// The value of an int, or of a subclass that is not bool.
    #[inline(always)]
    pub fn long(self) -> Result<i64> {
        // SAFETY: the object exists; the conversion of an int runs no Python code.
        unsafe {
            if !self.is_int()
                && (ffi::PyLong_Check(self.raw()) == 0 || ffi::PyBool_Check(self.raw()) != 0)
            {
                return Err(Unusual);
            }
            let mut overflow = 0;
            let number = ffi::PyLong_AsLongLongAndOverflow(self.raw(), &mut overflow);
            if overflow == 0 {
                Ok(number)
            } else {
                Err(Unusual)
            }
        }
    }

    /// The value of a float, also of a subclass, or of an int.
    #[inline(always)]
    pub fn double(self) -> Result<f64> {
        if self.is_float() {
            // SAFETY: the layout was compared in `set_up`.
            return Ok(unsafe { (*self.raw().cast::<FloatLayout>()).value });
        }
        self.double_of_other()
    }

    #[inline(never)]
    fn double_of_other(self) -> Result<f64> {
        // SAFETY: the object exists; the conversions of these types run no Python code.
        unsafe {
            if ffi::PyFloat_Check(self.raw()) != 0 {
                return Ok(ffi::PyFloat_AsDouble(self.raw()));
            }
            if !self.is_int() {
                return Err(Unusual);
            }
            let number = ffi::PyLong_AsDouble(self.raw());
            if number == -1.0 && !ffi::PyErr_Occurred().is_null() {
                ffi::PyErr_Clear();
                return Err(Unusual);
            }
            Ok(number)
        }
    }

    /// The UTF-8 of a str, also of a subclass. Surrogates have none.
    #[inline(always)]
    pub fn utf8(self) -> Result<&'a [u8]> {
        // SAFETY: a str is immutable and keeps its UTF-8 as long as it exists.
        unsafe {
            if !self.is_str() && ffi::PyUnicode_Check(self.raw()) == 0 {
                return Err(Unusual);
            }
            let mut size = 0;
            let text = ffi::PyUnicode_AsUTF8AndSize(self.raw(), &mut size);
            if text.is_null() {
                ffi::PyErr_Clear();
                return Err(Unusual);
            }
            Ok(std::slice::from_raw_parts(text.cast(), size as usize))
        }
    }

    /// What is in bytes, also in a subclass.
    #[inline(always)]
    pub fn bytes(self) -> Result<&'a [u8]> {
        // SAFETY: bytes are immutable.
        unsafe {
            if !self.is_bytes() && ffi::PyBytes_Check(self.raw()) == 0 {
                return Err(Unusual);
            }
            let (mut content, mut size): (*mut c_char, isize) = (null_mut(), 0);
            if ffi::PyBytes_AsStringAndSize(self.raw(), &mut content, &mut size) < 0 {
                ffi::PyErr_Clear();
                return Err(Unusual);
            }
            Ok(std::slice::from_raw_parts(content.cast(), size as usize))
        }
    }

    /// The list, if the type is exactly that.
    #[inline(always)]
    pub fn list(self) -> Result<List<'a>> {
        if self.type_() == &raw mut ffi::PyList_Type {
            Ok(List(self))
        } else {
            Err(Unusual)
        }
    }

    /// The dict, if the type is exactly that.
    #[inline(always)]
    pub fn dict(self) -> Result<Dict<'a>> {
        if self.type_() == &raw mut ffi::PyDict_Type {
            Ok(Dict(self))
        } else {
            Err(Unusual)
        }
    }

    #[inline(always)]
    pub fn is_tracked(self) -> bool {
        // SAFETY: the object exists.
        unsafe { ffi::PyObject_GC_IsTracked(self.raw()) != 0 }
    }

    /// SAFETY of callers: `T` is the layout of the object's type.
    #[inline(always)]
    pub unsafe fn layout<T>(self) -> &'a T {
        &*self.raw().cast::<T>()
    }
}

// --- new objects ----------------------------------------------------------------------------------

impl Own {
    #[inline(always)]
    pub fn none() -> Own {
        // SAFETY: None exists.
        unsafe { Own::hold(ffi::Py_None()) }
    }

    #[inline(always)]
    pub fn boolean(value: bool) -> Own {
        // SAFETY: both exist.
        unsafe { Own::hold(if value { ffi::Py_True() } else { ffi::Py_False() }) }
    }

    #[inline(always)]
    pub fn int(value: i64) -> Result<Own> {
        // SAFETY: a new reference, as with all functions below.
        unsafe { Own::take(ffi::PyLong_FromLongLong(value)) }
    }

    #[inline(always)]
    pub fn float(value: f64) -> Result<Own> {
        unsafe { Own::take(ffi::PyFloat_FromDouble(value)) }
    }

    #[inline(always)]
    pub fn bytes(content: &[u8]) -> Result<Own> {
        let (start, size) = (content.as_ptr().cast(), content.len() as isize);
        unsafe { Own::take(ffi::PyBytes_FromStringAndSize(start, size)) }
    }

    /// Return a str. Err: the bytes are no UTF-8.
    #[inline(always)]
    pub fn str(utf8: &[u8]) -> Result<Own> {
        let (start, size) = (utf8.as_ptr().cast(), utf8.len() as isize);
        unsafe { Own::take(ffi::PyUnicode_DecodeUTF8(start, size, null())) }
    }

    #[inline(always)]
    pub fn dict() -> Result<Own> {
        unsafe { Own::take(ffi::PyDict_New()) }
    }

    pub fn pair(first: Own, second: Own) -> Result<Own> {
        unsafe {
            let pair = Own::take(ffi::PyTuple_New(2))?;
            ffi::PyTuple_SetItem(pair.raw(), 0, first.into_raw());
            ffi::PyTuple_SetItem(pair.raw(), 1, second.into_raw());
            Ok(pair)
        }
    }

    /// Return a UUID with these hexadecimal digits.
    pub fn uuid(digits: &UuidDigits) -> Result<Own> {
        let (class, known) = (UUID.get(), &UUID_PLACES);
        // SAFETY: there is a zero byte behind the digits. Both slots were found in `set_up`, and are
        // empty in a new object.
        unsafe {
            debug_assert_eq!(digits[digits.len() - 1], 0);
            let number = Own::take(ffi::PyLong_FromString(digits.as_ptr().cast(), null_mut(), 16))?;
            let uuid = Own::take(ffi::PyType_GenericAlloc(class.cast(), 0))?;
            set_slot(uuid.raw(), known[0].load(Relaxed), number);
            set_slot(uuid.raw(), known[1].load(Relaxed), Own::hold(UUID_SAFETY.get()));
            Ok(uuid)
        }
    }
}

/// Return the number of a UUID, and nothing of a subclass.
pub fn uuid_number(value: Brief<'_>) -> Result<u128> {
    // SAFETY: the slot is of the type that was compared before, and holds an int, of which no
    // operation here runs Python code.
    unsafe {
        if value.type_address() != UUID.get() as Address {
            return Err(Unusual);
        }
        let number = Brief::new(slot(value.raw(), UUID_PLACES[0].load(Relaxed))).ok_or(Unusual)?;
        if !number.is_int() {
            return Err(Unusual);
        }
        let low = ffi::PyLong_AsUnsignedLongLongMask(number.raw());
        let high = Own::take(ffi::PyNumber_Rshift(number.raw(), SIXTY_FOUR.get()));
        let high = high.map(|high| ffi::PyLong_AsUnsignedLongLong(high.raw()));
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return Err(Unusual);
        }
        Ok((high? as u128) << 64 | low as u128)
    }
}

/// Whether a value is exactly a Decimal.
pub fn is_decimal(value: Brief<'_>) -> bool {
    value.type_address() == DECIMAL.get() as Address
}

pub fn decimal_class() -> Result<Own> {
    DECIMAL.hold()
}

/// Return `bytes.__new__`, which makes instances of subclasses.
pub fn new_bytes() -> Result<Own> {
    NEW_BYTES.hold()
}

const KEYS: usize = 512;
const LONGEST_KEY: usize = 32;

/// Texts that were keys of maps, as most maps have the same keys. Read and changed under the GIL.
static RECENT_KEYS: [AtomicPtr<ffi::PyObject>; KEYS] = [const { AtomicPtr::new(null_mut()) }; KEYS];

/// Return the str of a key: the same object for the same text, if it is short and was met recently.
pub fn key(utf8: &[u8]) -> Result<Own> {
    if utf8.is_empty() || utf8.len() > LONGEST_KEY {
        return Own::str(utf8);
    }
    let mut hash = 2_166_136_261_u32; // FNV-1a
    for &byte in utf8 {
        hash = (hash ^ byte as u32).wrapping_mul(16_777_619);
    }
    let place = &RECENT_KEYS[(hash ^ hash >> 15) as usize % KEYS];
    // SAFETY: the table holds references of its own.
    unsafe {
        if let Some(known) = Brief::new(place.load(Relaxed)) {
            if known.utf8()? == utf8 {
                return Ok(known.hold());
            }
        }
        let made = Own::str(utf8)?;
        let old = place.swap(made.clone().into_raw(), Relaxed);
        drop(Own::take(old));
        Ok(made)
    }
}

// --- calls ----------------------------------------------------------------------------------------

impl Interpreter {
    pub fn call1(&mut self, function: &Own, argument: &Own) -> Result<Own> {
        // SAFETY: references of the caller; the list of arguments ends with null. Likewise below.
        unsafe {
            let end = null_mut::<ffi::PyObject>();
            Own::take(ffi::PyObject_CallFunctionObjArgs(function.raw(), argument.raw(), end))
        }
    }

    pub fn call0(&mut self, function: &Own) -> Result<Own> {
        let end = null_mut::<ffi::PyObject>();
        unsafe { Own::take(ffi::PyObject_CallFunctionObjArgs(function.raw(), end)) }
    }

    pub fn call2(&mut self, function: &Own, first: &Own, second: &Own) -> Result<Own> {
        let end = null_mut::<ffi::PyObject>();
        let (a, b) = (first.raw(), second.raw());
        unsafe { Own::take(ffi::PyObject_CallFunctionObjArgs(function.raw(), a, b, end)) }
    }

    pub fn call3(&mut self, function: &Own, a: &Own, b: &Own, c: &Own) -> Result<Own> {
        let end = null_mut::<ffi::PyObject>();
        let (a, b, c) = (a.raw(), b.raw(), c.raw());
        unsafe { Own::take(ffi::PyObject_CallFunctionObjArgs(function.raw(), a, b, c, end)) }
    }

    pub fn str_of(&mut self, value: &Own) -> Result<Own> {
        unsafe { Own::take(ffi::PyObject_Str(value.raw())) }
    }

    pub fn attribute(&mut self, value: &Own, name: &CStr) -> Result<Own> {
        unsafe { Own::take(ffi::PyObject_GetAttrString(value.raw(), name.as_ptr())) }
    }

    /// Return the items of a pair.
    pub fn unpack(&mut self, pair: &Own) -> Result<(Own, Own)> {
        // SAFETY: items of a tuple exist as long as the tuple; null, if it is none.
        unsafe {
            let first = Brief::new(ffi::PyTuple_GetItem(pair.raw(), 0)).ok_or(Unusual)?;
            let second = Brief::new(ffi::PyTuple_GetItem(pair.raw(), 1)).ok_or(Unusual)?;
            Ok((first.hold(), second.hold()))
        }
    }

    /// Forget an exception that is set, before Python code runs.
    #[inline(always)]
    pub fn clear_error(&mut self) {
        unsafe {
            if !ffi::PyErr_Occurred().is_null() {
                ffi::PyErr_Clear();
            }
        }
    }
}

// --- lists and dicts ------------------------------------------------------------------------------

/// A list that others may change.
#[derive(Clone, Copy)]
pub struct List<'a>(Brief<'a>);

impl List<'_> {
    #[inline(always)]
    pub fn len(self) -> usize {
        // SAFETY: the layout was compared in `set_up`.
        unsafe { self.0.layout::<ListLayout>().base.ob_size as usize }
    }

    #[inline(always)]
    pub fn item<'t>(self, _: &'t Interpreter, index: usize) -> Option<Brief<'t>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: there are so many items; the list holds them until Python code runs.
        unsafe { Brief::new(*self.0.layout::<ListLayout>().items.add(index)) }
    }

    /// Return a copy that nobody else knows of, not even the garbage collector.
    pub fn copy(self, _: &mut Interpreter) -> Result<ListCopy> {
        unsafe {
            let list = Own::take(ffi::PyList_GetSlice(self.0.raw(), 0, self.len() as isize))?;
            ffi::PyObject_GC_UnTrack(list.raw().cast());
            Ok(ListCopy(list))
        }
    }
}

/// A list that nobody else can change.
pub struct ListCopy(Own);

impl ListCopy {
    pub fn items(&self) -> &[Own] {
        // SAFETY: items of a complete list are references, which it holds. An Own is just that.
        unsafe {
            let layout = self.0.brief().layout::<ListLayout>();
            if layout.items.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(layout.items.cast(), layout.base.ob_size as usize)
        }
    }
}

/// A list of a known number of items, which are added one by one. Nobody else knows it yet.
pub struct NewList {
    list: Own,
    filled: usize,
    size: usize,
}

impl NewList {
    pub fn new(size: usize) -> Result<NewList> {
        // SAFETY: a new list has room for so many items, which are null.
        unsafe {
            let list = Own::take(ffi::PyList_New(isize::try_from(size).map_err(|_| Unusual)?))?;
            // The garbage collector must not show anybody a list with null in it.
            ffi::PyObject_GC_UnTrack(list.raw().cast());
            Ok(NewList { list, filled: 0, size })
        }
    }

    #[inline(always)]
    pub fn push(&mut self, item: Own) -> Result<()> {
        // SAFETY: nobody has changed the list since it had room for `size` items.
        unsafe {
            if self.filled < self.size {
                let layout = self.list.brief().layout::<ListLayout>();
                *layout.items.add(self.filled) = item.into_raw();
                self.filled += 1;
                return Ok(());
            }
            self.append(item)
        }
    }

    #[inline(never)]
    fn append(&mut self, item: Own) -> Result<()> {
        // SAFETY: all items are set, so that the list may grow.
        if unsafe { ffi::PyList_Append(self.list.raw(), item.raw()) } < 0 {
            return Err(Unusual);
        }
        Ok(())
    }

    pub fn finished(self) -> Result<Own> {
        if self.filled < self.size {
            return Err(Unusual);
        }
        // SAFETY: it is not tracked, and all its items are set.
        unsafe { ffi::PyObject_GC_Track(self.list.raw().cast()) };
        Ok(self.list)
    }
}

/// A dict that others may change.
#[derive(Clone, Copy)]
pub struct Dict<'a>(Brief<'a>);

impl Dict<'_> {
    #[inline(always)]
    pub fn len(self) -> usize {
        unsafe { ffi::PyDict_Size(self.0.raw()) as usize }
    }

    /// Iterate over keys and values. As Python code cannot run meanwhile, the dict does not change.
    #[inline(always)]
    pub fn entries<'t>(self, _: &'t Interpreter) -> Entries<'t>
    where
        Self: 't,
    {
        Entries { dict: self.0.raw(), position: 0, borrowed: PhantomData }
    }

    /// Return a copy that nobody else knows of.
    pub fn copy(self, _: &mut Interpreter) -> Result<DictCopy> {
        unsafe {
            let dict = Own::take(ffi::PyDict_Copy(self.0.raw()))?;
            ffi::PyObject_GC_UnTrack(dict.raw().cast());
            Ok(DictCopy(dict))
        }
    }

    /// Return the value of a key. Other keys may be of types that compare in Python.
    #[inline(always)]
    pub fn get(self, _: &mut Interpreter, key: &Own) -> Result<Option<Own>> {
        unsafe {
            match Brief::new(ffi::PyDict_GetItemWithError(self.0.raw(), key.raw())) {
                Some(value) => Ok(Some(value.hold())),
                None if ffi::PyErr_Occurred().is_null() => Ok(None),
                None => Err(Unusual),
            }
        }
    }
}

/// An iterator over keys and values of a dict that nobody changes.
pub struct Entries<'t> {
    dict: Raw,
    position: isize,
    borrowed: PhantomData<&'t Interpreter>,
}

impl<'t> Iterator for Entries<'t> {
    type Item = (Brief<'t>, Brief<'t>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (mut key, mut value) = (null_mut(), null_mut());
        // SAFETY: the dict exists and does not change for `'t`, nor do its keys and values.
        unsafe {
            if ffi::PyDict_Next(self.dict, &mut self.position, &mut key, &mut value) == 0 {
                return None;
            }
            Some((Brief::new(key)?, Brief::new(value)?))
        }
    }
}

/// A dict that nobody else can change.
pub struct DictCopy(Own);

impl DictCopy {
    pub fn entries(&self) -> impl Iterator<Item = (Lent<'_>, Lent<'_>)> {
        let lent = |held: Brief<'_>| Lent(ManuallyDrop::new(Own(held.0)), PhantomData);
        let entries = Entries { dict: self.0.raw(), position: 0, borrowed: PhantomData };
        entries.map(move |(key, value)| (lent(key), lent(value)))
    }
}

/// Set an item of a new dict, whose keys are str.
#[inline(always)]
pub fn set_item(dict: &Own, key: &Own, value: &Own) -> Result<()> {
    if unsafe { ffi::PyDict_SetItem(dict.raw(), key.raw(), value.raw()) } < 0 {
        return Err(Unusual);
    }
    Ok(())
}

/// Return a copy of a dict, to be filled.
pub fn copied_dict(dict: &Own) -> Result<Own> {
    unsafe { Own::take(ffi::PyDict_Copy(dict.raw())) }
}

/// Return the position of a str in a dict of positions.
pub fn position_of(positions: &Own, text: Brief<'_>) -> Result<i64> {
    // SAFETY: keys are exactly str, so that no Python code compares them.
    unsafe {
        if !text.is_str() {
            return Err(Unusual);
        }
        let found = ffi::PyDict_GetItemWithError(positions.raw(), text.raw());
        Brief::new(found).ok_or(Unusual)?.long()
    }
}

// --- instances of classes -------------------------------------------------------------------------

/// Where an attribute is: in a slot, at this offset, or wherever its name leads.
enum Place {
    Slot(usize),
    Named(Own),
}

/// A dataclass whose instances are read and made.
///
/// Attributes are numbered in the order of their names in [`Class::new`].
pub struct Class {
    type_: Own,
    places: Vec<Place>,
    size: usize,
    is_slotted: bool,
}

/// Marks abstract classes, of which there are no instances (`Py_TPFLAGS_IS_ABSTRACT`).
const ABSTRACT: std::os::raw::c_ulong = 1 << 20;

impl Class {
    /// Return a class whose instances have these attributes.
    pub fn new(type_: &Bound<'_, PyType>, names: &[Bound<'_, PyAny>]) -> PyResult<Class> {
        let places: Vec<Place> = names
            .iter()
            .map(|name| match slot_place(type_, name) {
                Some(offset) => Place::Slot(offset),
                None => Place::Named(Own::from_bound(name)),
            })
            .collect();
        let number = |name: &str| type_.getattr(name)?.extract::<isize>();
        // SAFETY: flags of a type.
        let flags = unsafe { ffi::PyType_GetFlags(type_.as_type_ptr()) };
        if flags & ABSTRACT != 0 || flags & ffi::Py_TPFLAGS_HEAPTYPE == 0 {
            return Err(PyNotImplementedError::new_err("not a class of which instances are made"));
        }
        let size = number("__basicsize__")?;
        Ok(Class {
            is_slotted: places.iter().all(|place| matches!(place, Place::Slot(_)))
                && flags & ffi::Py_TPFLAGS_HAVE_GC != 0
                && number("__dictoffset__")? == 0
                && number("__weakrefoffset__")? == 0
                && number("__itemsize__")? == 0,
            type_: Own::from_bound(type_),
            places,
            size: usize::try_from(size)?,
        })
    }

    /// All references, for the garbage collector.
    pub fn references(&self) -> impl Iterator<Item = &Own> {
        let names = self.places.iter().filter_map(|place| match place {
            Place::Named(name) => Some(name),
            Place::Slot(_) => None,
        });
        names.chain([&self.type_])
    }

    /// Return the attributes of a value, if its type is exactly this class.
    #[inline(always)]
    pub fn attributes<'a>(&'a self, value: &'a Own) -> Result<Attributes<'a>> {
        if !value.brief().is_a(&self.type_) {
            return Err(Unusual);
        }
        Ok(Attributes { class: self, value })
    }

    /// Return an instance to be filled.
    #[inline(always)]
    pub fn create(&self) -> Result<NewInstance<'_>> {
        // SAFETY: an object of a class with slots and nothing else is a head and its slots, which are
        // null at first. Other classes get their instances as `object.__new__` makes them.
        unsafe {
            let type_ = self.type_.raw().cast();
            if !self.is_slotted {
                let instance = Own::take(ffi::PyType_GenericAlloc(type_, 0))?;
                return Ok(NewInstance { class: self, instance });
            }
            let instance = Own::take(ffi::PyObject_GC_New::<ffi::PyObject>(type_))?;
            let head = size_of::<ffi::PyObject>();
            instance.raw().cast::<u8>().add(head).write_bytes(0, self.size - head);
            Ok(NewInstance { class: self, instance })
        }
    }
}

/// Attributes of a value of a class.
pub struct Attributes<'a> {
    class: &'a Class,
    value: &'a Own,
}

impl Attributes<'_> {
    /// Return what is in a slot; None if there is no slot, or nothing in it.
    #[inline(always)]
    pub fn slot<'t>(&self, _: &'t Interpreter, number: usize) -> Option<Brief<'t>> {
        match self.class.places.get(number)? {
            // SAFETY: the value is of the class that has this slot. It holds the object until Python
            // code runs.
            Place::Slot(offset) => unsafe { Brief::new(slot(self.value.raw(), *offset)) },
            Place::Named(_) => None,
        }
    }

    #[inline(always)]
    pub fn get(&self, interpreter: &mut Interpreter, number: usize) -> Result<Own> {
        if let Some(part) = self.slot(interpreter, number) {
            return Ok(part.hold());
        }
        match self.class.places.get(number).ok_or(Unusual)? {
            Place::Slot(_) => Err(Unusual),
            // SAFETY: a new reference.
            Place::Named(name) => unsafe {
                Own::take(ffi::PyObject_GetAttr(self.value.raw(), name.raw()))
            },
        }
    }
}

/// An instance that is filled. Where its class has slots alone, the garbage collector does not know it
/// yet, nor will it, if nothing that it holds can refer to other objects.
pub struct NewInstance<'a> {
    class: &'a Class,
    instance: Own,
}

impl NewInstance<'_> {
    #[inline(always)]
    pub fn set(&self, number: usize, value: Own) -> Result<()> {
        match self.class.places.get(number).ok_or(Unusual)? {
            // SAFETY: the instance is of the class that has this slot.
            Place::Slot(offset) => unsafe { set_slot(self.instance.raw(), *offset, value) },
            // SAFETY: the references are ours. As `object.__setattr__`, past that of frozen classes.
            Place::Named(name) => unsafe {
                let (instance, name) = (self.instance.raw(), name.raw());
                if ffi::PyObject_GenericSetAttr(instance, name, value.raw()) < 0 {
                    return Err(Unusual);
                }
            },
        }
        Ok(())
    }

    /// Return the instance. `refers`: something in it can refer to other objects.
    #[inline(always)]
    pub fn finished(self, refers: bool) -> Own {
        if self.class.is_slotted && refers {
            // SAFETY: it was not tracked, and its slots are set.
            unsafe { ffi::PyObject_GC_Track(self.instance.raw().cast()) };
        }
        self.instance
    }
}

/// SAFETY: the object's type has a slot there.
#[inline(always)]
unsafe fn slot(object: Raw, offset: usize) -> Raw {
    *object.cast::<u8>().add(offset).cast::<Raw>()
}

/// SAFETY: the object's type has a slot there, which no other thread reads or sets now. What was in it,
/// usually nothing, is released.
#[inline(always)]
unsafe fn set_slot(object: Raw, offset: usize, value: Own) {
    let place = object.cast::<u8>().add(offset).cast::<Raw>();
    let old = std::mem::replace(&mut *place, value.into_raw());
    if !old.is_null() {
        ffi::Py_DECREF(old);
    }
}

/// Return the offset of a slot; None: the attribute is none, and is to be asked for by its name.
///
/// A slot is a `member_descriptor` for an object, in the member table of the type that has it. Both are
/// part of the stable ABI.
fn slot_place(type_: &Bound<'_, PyType>, name: &Bound<'_, PyAny>) -> Option<usize> {
    let descriptor = type_.getattr(name.cast::<pyo3::types::PyString>().ok()?).ok()?;
    if descriptor.get_type().name().ok()? != "member_descriptor" {
        return None;
    }
    let owner = descriptor.getattr("__objclass__").ok()?;
    let owner = owner.cast::<PyType>().ok()?;
    if !type_.is_subclass(owner).ok()? {
        return None;
    }
    let name: String = name.extract().ok()?;
    // SAFETY: the table of a heap type, as types with slots are, ends with a name that is null.
    unsafe {
        if ffi::PyType_GetFlags(owner.as_type_ptr()) & ffi::Py_TPFLAGS_HEAPTYPE == 0 {
            return None;
        }
        let mut member =
            ffi::PyType_GetSlot(owner.as_type_ptr(), ffi::Py_tp_members).cast::<ffi::PyMemberDef>();
        while !member.is_null() && !(*member).name.is_null() {
            if CStr::from_ptr((*member).name).to_bytes() == name.as_bytes()
                && (*member).type_code == ffi::Py_T_OBJECT_EX
            {
                return usize::try_from((*member).offset).ok();
            }
            member = member.add(1);
        }
    }
    None
}

// --- layouts, and objects that are needed often ---------------------------------------------------

#[repr(C)]
struct FloatLayout {
    base: ffi::PyObject,
    value: f64,
}

#[repr(C)]
struct ListLayout {
    base: ffi::PyVarObject,
    items: *mut Raw,
}

/// An object that is kept as long as the process runs.
pub struct Kept(AtomicPtr<ffi::PyObject>);

impl Kept {
    pub const fn new() -> Kept {
        Kept(AtomicPtr::new(null_mut()))
    }

    #[inline(always)]
    pub fn get(&self) -> Raw {
        self.0.load(Relaxed)
    }

    pub fn keep(&self, object: &Bound<'_, PyAny>) {
        self.0.store(Own::from_bound(object).into_raw(), Relaxed);
    }

    /// Return a reference of one's own. Err: the module is not set up.
    #[inline(always)]
    pub fn hold(&self) -> Result<Own> {
        // SAFETY: null, or an object that is kept.
        unsafe { Brief::new(self.get()).map(Brief::hold).ok_or(Unusual) }
    }
}

static DECIMAL: Kept = Kept::new();
static NEW_BYTES: Kept = Kept::new();
static UUID: Kept = Kept::new();
static UUID_SAFETY: Kept = Kept::new();
static SIXTY_FOUR: Kept = Kept::new();
static UUID_PLACES: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Find objects, and compare layouts.
///
/// # Errors
/// ImportError: this interpreter keeps something elsewhere.
pub fn set_up(py: Python<'_>) -> PyResult<()> {
    let uuid = py.import("uuid")?;
    let class = uuid.getattr("UUID")?.cast_into::<PyType>()?;
    for (place, name) in UUID_PLACES.iter().zip(["int", "is_safe"]) {
        let name = pyo3::types::PyString::new(py, name);
        let found = slot_place(&class, name.as_any());
        place.store(found.ok_or_else(|| unknown("uuid.UUID"))?, Relaxed);
    }
    UUID.keep(&class);
    DECIMAL.keep(&py.import("decimal")?.getattr("Decimal")?);
    NEW_BYTES.keep(&py.get_type::<PyBytes>().getattr("__new__")?);
    UUID_SAFETY.keep(&uuid.getattr("SafeUUID")?.getattr("unknown")?);
    SIXTY_FOUR.keep(64_i64.into_pyobject(py)?.as_any());
    compare_floats().map_err(|_| unknown("float"))?;
    compare_lists().map_err(|_| unknown("list"))
}

pub fn unknown(type_: &str) -> PyErr {
    PyImportError::new_err(format!("the layout of {type_} in this interpreter is unknown"))
}

fn compare_floats() -> Result<()> {
    for number in [1.5, -2.25e300, f64::from_bits(0x0123_4567_89ab_cdef)] {
        let float = Own::float(number)?;
        // SAFETY: a float is at least as long, whatever is in it.
        let found = unsafe { float.brief().layout::<FloatLayout>().value };
        if found.to_bits() != number.to_bits() {
            return Err(Unusual);
        }
    }
    Ok(())
}

fn compare_lists() -> Result<()> {
    // SAFETY: a list is at least as long, whatever is in it; a pointer is followed only if the other
    // parts are as expected.
    unsafe {
        let list = Own::take(ffi::PyList_New(0))?;
        for number in 0..3 {
            let item = Own::int(1_000_000 + number)?;
            if ffi::PyList_Append(list.raw(), item.raw()) < 0 {
                return Err(Unusual);
            }
        }
        let layout = list.brief().layout::<ListLayout>();
        let items = layout.items as usize;
        if layout.base.ob_size != 3 || items == 0 || items % std::mem::align_of::<Raw>() != 0 {
            return Err(Unusual);
        }
        for number in 0..3 {
            if *layout.items.add(number) != ffi::PyList_GetItem(list.raw(), number as isize) {
                return Err(Unusual);
            }
        }
        // A list from which items were removed keeps its room.
        if ffi::PyList_SetSlice(list.raw(), 1, 3, null_mut()) < 0 || layout.base.ob_size != 1 {
            return Err(Unusual);
        }
    }
    Ok(())
}

/// Return the digits of a UUID that is 16 bytes.
pub fn uuid_from_bytes(number: u128) -> Result<Own> {
    Own::uuid(&uuid_digits_of(number))
}
