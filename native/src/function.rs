//! The callable objects that encode and decode: as fast to call as functions written in Python.
//!
//! Unsafe code, as PyO3 has neither vectorcall nor method descriptors for types of one's own. An object
//! is a head, the pointer that vectorcall needs, a dict for what functions have (`__name__`, `__doc__`),
//! a list of weak references, and a [`State`] in Rust.

use crate::bytes::{Result, Unusual, Writer};
use crate::decode::decode;
use crate::objects::{unknown, Interpreter, Kept, Own, Raw};
use crate::plan::Plan;
use pyo3::{ffi, prelude::*, types::PyTuple};
use std::{
    cell::Cell,
    ffi::CStr,
    mem::{offset_of, size_of},
    os::raw::{c_int, c_uint, c_ulong, c_void},
    panic::{catch_unwind, AssertUnwindSafe},
    ptr::null_mut,
};

type VectorCall = unsafe extern "C" fn(Raw, *const Raw, usize, Raw) -> Raw;

/// Not in the stable ABI of 3.11 by name; their numbers are (PEP 590, and `object.h`).
const HAS_VECTORCALL: c_ulong = 1 << 11;
const IS_METHOD_DESCRIPTOR: c_ulong = 1 << 17;
const ARGUMENTS_OFFSET: usize = 1 << (usize::BITS - 1);

/// What a function needs beside its plan, as `codec/native_backend/__init__.py` gives it.
struct State {
    plan: Plan,
    /// `interpret(value, limits)`: does the datum again, for the result or the error.
    interpret: Own,
    /// `current_limits()`.
    limits: Own,
    /// `unusual(function, arguments, keywords)`: does a call that is not [`ordinary`].
    unusual: Own,
    /// Decoders by the `id` of the writer's schema, and a function that makes them.
    writers: Option<(Own, Own)>,
    /// Calls may have options of plain values. Others than the defaults are unusual.
    has_options: bool,
}

impl State {
    fn references(&self) -> impl Iterator<Item = &Own> {
        let own = [&self.interpret, &self.limits, &self.unusual];
        let writers = self.writers.iter().flat_map(|(known, find)| [known, find]);
        own.into_iter().chain(writers).chain(self.plan.references())
    }
}

#[repr(C)]
struct Function {
    base: ffi::PyObject,
    vectorcall: VectorCall,
    state: *mut State,
    dict: Raw,
    weak_references: Raw,
}

static TYPE: Kept = Kept::new();

// --- making ---------------------------------------------------------------------------------------

/// Return a function; see the stubs of this package.
#[allow(clippy::too_many_arguments)]
pub fn make<'py>(
    plan: &Bound<'py, PyTuple>,
    part: &Bound<'py, PyAny>,
    interpret: &Bound<'py, PyAny>,
    limits: &Bound<'py, PyAny>,
    unusual: &Bound<'py, PyAny>,
    writers: Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    has_options: bool,
    decodes: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = plan.py();
    let state = State {
        plan: Plan::new(plan, part)?,
        interpret: Own::from_bound(interpret),
        limits: Own::from_bound(limits),
        unusual: Own::from_bound(unusual),
        has_options,
        writers: match writers {
            None => None,
            Some((known, find)) => Some((
                Own::from_bound(known.cast_exact::<pyo3::types::PyDict>()?.as_any()),
                Own::from_bound(&find),
            )),
        },
    };
    // SAFETY: a new object of our type, all zeros behind its head, which is completed before anybody
    // else sees it. Whoever calls it meets a state.
    unsafe {
        let made = ffi::PyType_GenericAlloc(TYPE.get().cast(), 0);
        let made = Bound::from_owned_ptr_or_err(py, made)?;
        let function: *mut Function = made.as_ptr().cast();
        (*function).vectorcall = if decodes { call_decoder } else { call_encoder };
        (*function).state = Box::into_raw(Box::new(state));
        Ok(made)
    }
}

// --- calls ----------------------------------------------------------------------------------------

/// Return what `call` returns; a failure inside of it becomes a `SystemError`, and never leaves Rust.
unsafe fn guarded(call: impl FnOnce() -> Raw) -> Raw {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result,
        Err(_) => {
            if ffi::PyErr_Occurred().is_null() {
                let text = c"the native codec has failed: use AVROGEN_BACKEND=python".as_ptr();
                ffi::PyErr_SetString(ffi::PyExc_SystemError, text);
            }
            null_mut()
        }
    }
}

/// The arguments of an ordinary call; null where there is none, or None.
struct Arguments {
    datum: Raw,
    limits: Raw,
    writer: Raw,
}

/// Return the arguments of a call with one positional argument, keywords that the function has, and
/// options at their defaults.
///
/// SAFETY: the arguments of a vectorcall.
#[inline(always)]
unsafe fn ordinary(
    state: &State,
    arguments: *const Raw,
    count: usize,
    keywords: Raw,
    decodes: bool,
) -> Option<Arguments> {
    if count != 1 {
        return None;
    }
    let mut found = Arguments { datum: *arguments, limits: null_mut(), writer: null_mut() };
    if keywords.is_null() {
        return Some(found);
    }
    for index in 0..ffi::PyTuple_Size(keywords) {
        let keyword = ffi::PyTuple_GetItem(keywords, index);
        let value = *arguments.add(1 + index as usize);
        let is = |name: &CStr| ffi::PyUnicode_CompareWithASCIIString(keyword, name.as_ptr()) == 0;
        if is(c"limits") {
            found.limits = none_as_null(value);
        } else if decodes && is(c"writer") {
            found.writer = none_as_null(value);
        } else if !(state.has_options && is_default(value, is, decodes)) {
            return None;
        }
    }
    Some(found)
}

/// SAFETY: an object that exists.
unsafe fn is_default(value: Raw, is: impl Fn(&CStr) -> bool, decodes: bool) -> bool {
    if decodes {
        value == ffi::Py_False() && is(c"named_branches")
    } else {
        value == ffi::Py_True() && (is(c"fill_defaults") || is(c"allow_unknown_keys"))
    }
}

fn none_as_null(object: Raw) -> Raw {
    // SAFETY: an address of the interpreter.
    if object == unsafe { ffi::Py_None() } {
        null_mut()
    } else {
        object
    }
}

/// Return a number of limits: of the call's, or of the process.
///
/// SAFETY: `limits` is null or an object.
unsafe fn limit(
    state: &State,
    limits: Raw,
    name: &CStr,
    interpreter: &mut Interpreter,
) -> Result<i64> {
    let limits = if limits.is_null() || ffi::PyObject_IsTrue(limits) == 0 {
        interpreter.call0(&state.limits)?
    } else {
        Own::hold(limits)
    };
    let number = interpreter.attribute(&limits, name)?;
    // More levels than there are numbers are as many as one likes.
    number.brief().long().or(Ok(i64::MAX / 2))
}

unsafe fn levels(state: &State, limits: Raw, interpreter: &mut Interpreter) -> Result<i64> {
    if !state.plan.is_recursive {
        return Ok(0);
    }
    limit(state, limits, c"max_depth", interpreter)
}

/// Do the datum again by the interpreter, unless an exception is set that is no `Exception`.
///
/// SAFETY: objects that exist; `limits` may be null.
#[cold]
unsafe fn fall_back(state: &State, datum: Raw, limits: Raw) -> Raw {
    if !ffi::PyErr_Occurred().is_null() {
        if ffi::PyErr_ExceptionMatches(ffi::PyExc_Exception) == 0 {
            return null_mut();
        }
        ffi::PyErr_Clear();
    }
    let limits = if limits.is_null() { ffi::Py_None() } else { limits };
    let end = null_mut::<ffi::PyObject>();
    ffi::PyObject_CallFunctionObjArgs(state.interpret.raw(), datum, limits, end)
}

/// SAFETY: the arguments of a vectorcall.
#[cold]
unsafe fn call_unusual(function: Raw, arguments: *const Raw, count: usize, keywords: Raw) -> Raw {
    let call = || -> Result<Own> {
        let state = state_of(function)?;
        let positional = Own::take(ffi::PyTuple_New(count as isize))?;
        for index in 0..count {
            let argument = Own::hold(*arguments.add(index)).into_raw();
            ffi::PyTuple_SetItem(positional.raw(), index as isize, argument);
        }
        let named = Own::dict()?;
        let names = if keywords.is_null() { 0 } else { ffi::PyTuple_Size(keywords) };
        for index in 0..names {
            let name = ffi::PyTuple_GetItem(keywords, index);
            let value = *arguments.add(count + index as usize);
            if ffi::PyDict_SetItem(named.raw(), name, value) < 0 {
                return Err(Unusual);
            }
        }
        let (function, unusual) = (Own::hold(function), state.unusual.clone());
        Interpreter::attached().call3(&unusual, &function, &positional, &named)
    };
    call().map_or(null_mut(), Own::into_raw)
}

/// SAFETY: an object of our type.
unsafe fn state_of<'a>(function: Raw) -> Result<&'a State> {
    let state = (*function.cast::<Function>()).state;
    if state.is_null() {
        // It was part of garbage that is being collected.
        let text = c"the codec has been collected".as_ptr();
        ffi::PyErr_SetString(ffi::PyExc_ReferenceError, text);
        return Err(Unusual);
    }
    Ok(&*state)
}

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

unsafe extern "C" fn call_encoder(
    function: Raw,
    arguments: *const Raw,
    count: usize,
    keywords: Raw,
) -> Raw {
    let count = count & !ARGUMENTS_OFFSET;
    guarded(|| {
        let Ok(state) = state_of(function) else {
            return null_mut();
        };
        let Some(ordinary) = ordinary(state, arguments, count, keywords, false) else {
            return call_unusual(function, arguments, count, keywords);
        };
        let limits = ordinary.limits;
        // A reference of ours, as Python code may run and drop that of the caller.
        let value = Own::hold(ordinary.datum);
        let mut interpreter = Interpreter::attached();
        let mut out = Writer::reusing(BUFFER.take());
        let done = levels(state, limits, &mut interpreter)
            .and_then(|left| state.plan.encode(&value, &mut out, &mut interpreter, left))
            .and_then(|()| Own::bytes(out.written()));
        BUFFER.set(out.into_buffer());
        match done {
            Ok(bytes) => bytes.into_raw(),
            Err(Unusual) => fall_back(state, value.raw(), limits),
        }
    })
}

unsafe extern "C" fn call_decoder(
    function: Raw,
    arguments: *const Raw,
    count: usize,
    keywords: Raw,
) -> Raw {
    let count = count & !ARGUMENTS_OFFSET;
    guarded(|| {
        let Ok(state) = state_of(function) else {
            return null_mut();
        };
        let Some(found) = ordinary(state, arguments, count, keywords, true) else {
            return call_unusual(function, arguments, count, keywords);
        };
        match &state.writers {
            Some((known, find)) if !found.writer.is_null() => decode_other(known, find, &found),
            _ => decode_own(state, found.datum, found.limits),
        }
    })
}

/// SAFETY: objects that exist; `limits` may be null.
unsafe fn decode_own(state: &State, data: Raw, limits: Raw) -> Raw {
    let data = Own::hold(data);
    let data = if data.brief().is_bytes() {
        data
    } else {
        let view = ffi::PyMemoryView_FromObject(data.raw());
        let copied =
            Own::take(view).and_then(|view| Own::take(ffi::PyBytes_FromObject(view.raw())));
        let Ok(copied) = copied else {
            return null_mut();
        };
        copied
    };
    let mut interpreter = Interpreter::attached();
    let done = check_values(state, &data, limits, &mut interpreter)
        .and_then(|()| levels(state, limits, &mut interpreter))
        .and_then(|left| decode(&state.plan, &data, &mut interpreter, left));
    match done {
        Ok(value) => value.into_raw(),
        Err(Unusual) => fall_back(state, data.raw(), limits),
    }
}

/// Leave data to the interpreter, which counts, if they could be more values than limits allow.
///
/// SAFETY: `limits` is null or an object.
unsafe fn check_values(
    state: &State,
    data: &Own,
    limits: Raw,
    interpreter: &mut Interpreter,
) -> Result<()> {
    let Some((of_byte, of_none)) = state.plan.values else {
        return Ok(());
    };
    let size = data.brief().bytes()?.len();
    let values = size.saturating_mul(of_byte).saturating_add(of_none);
    let most = limit(state, limits, c"max_values", interpreter)?;
    if i64::try_from(values).map_or(true, |values| values > most) {
        return Err(Unusual);
    }
    Ok(())
}

/// Decode data of another writer, by the decoder that is known for its schema, or is made.
///
/// SAFETY: the arguments of a call.
unsafe fn decode_other(known: &Own, find: &Own, arguments: &Arguments) -> Raw {
    let Arguments { datum, limits, writer } = *arguments;
    // References of ours: making a decoder runs Python code.
    let (known, find) = (known.clone(), find.clone());
    let call = || -> Result<Own> {
        let id = Own::take(ffi::PyLong_FromVoidPtr(writer.cast()))?;
        let found = ffi::PyDict_GetItemWithError(known.raw(), id.raw());
        let decoder = if found.is_null() {
            let end = null_mut::<ffi::PyObject>();
            Own::take(ffi::PyObject_CallFunctionObjArgs(find.raw(), writer, end))?
        } else {
            Own::hold(found)
        };
        if decoder.brief().type_address() == TYPE.get() as usize {
            let function: *const Function = decoder.raw().cast();
            if std::ptr::fn_addr_eq((*function).vectorcall, call_decoder as VectorCall) {
                return Own::take(decode_own(state_of(decoder.raw())?, datum, limits));
            }
        }
        let positional = Own::take(ffi::PyTuple_New(1))?;
        ffi::PyTuple_SetItem(positional.raw(), 0, Own::hold(datum).into_raw());
        let named = Own::dict()?;
        let limits = if limits.is_null() { ffi::Py_None() } else { limits };
        if ffi::PyDict_SetItemString(named.raw(), c"limits".as_ptr(), limits) < 0 {
            return Err(Unusual);
        }
        Own::take(ffi::PyObject_Call(decoder.raw(), positional.raw(), named.raw()))
    };
    call().map_or(null_mut(), Own::into_raw)
}

// --- the type -------------------------------------------------------------------------------------

/// Calls that do not use vectorcall: `function(*arguments, **keywords)`.
unsafe extern "C" fn call(function: Raw, arguments: Raw, keywords: Raw) -> Raw {
    guarded(|| {
        let count = ffi::PyTuple_Size(arguments);
        let mut all: Vec<Raw> =
            (0..count).map(|index| ffi::PyTuple_GetItem(arguments, index)).collect();
        let mut names = Vec::new();
        if !keywords.is_null() {
            let (mut at, mut name, mut value) = (0, null_mut(), null_mut());
            while ffi::PyDict_Next(keywords, &mut at, &mut name, &mut value) != 0 {
                names.push(name);
                all.push(value);
            }
        }
        let mut tuple = None;
        if !names.is_empty() {
            let Ok(made) = Own::take(ffi::PyTuple_New(names.len() as isize)) else {
                return null_mut();
            };
            for (index, name) in names.iter().enumerate() {
                ffi::PyTuple_SetItem(made.raw(), index as isize, Own::hold(*name).into_raw());
            }
            tuple = Some(made);
        }
        let names = tuple.as_ref().map_or(null_mut(), Own::raw);
        ((*function.cast::<Function>()).vectorcall)(function, all.as_ptr(), count as usize, names)
    })
}

/// In a class, a function is a method.
unsafe extern "C" fn get(function: Raw, instance: Raw, _owner: Raw) -> Raw {
    if instance.is_null() || instance == ffi::Py_None() {
        return Own::hold(function).into_raw();
    }
    let end = null_mut::<ffi::PyObject>();
    ffi::PyObject_CallFunctionObjArgs(METHOD.get(), function, instance, end)
}

/// Pickled and copied by its place in a module, as functions are.
unsafe extern "C" fn reduce(function: Raw, _: Raw) -> Raw {
    ffi::PyObject_GetAttrString(function, c"__qualname__".as_ptr())
}

unsafe extern "C" fn represent(function: Raw) -> Raw {
    let name = ffi::PyObject_GetAttrString(function, c"__qualname__".as_ptr());
    if name.is_null() {
        return name;
    }
    let name = Own::take(name);
    let Ok(name) = name else { return null_mut() };
    ffi::PyUnicode_FromFormat(c"<native function %U at %p>".as_ptr(), name.raw(), function)
}

unsafe extern "C" fn traverse(
    function: Raw,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    let function: *mut Function = function.cast();
    let own = [ffi::Py_TYPE(function.cast()).cast(), (*function).dict];
    let state = (*function).state.as_ref();
    let others = state.into_iter().flat_map(State::references).map(Own::raw);
    for object in own.into_iter().chain(others) {
        if !object.is_null() {
            let stop = visit(object, argument);
            if stop != 0 {
                return stop;
            }
        }
    }
    0
}

unsafe extern "C" fn clear(function: Raw) -> c_int {
    let function: *mut Function = function.cast();
    let dict = std::mem::replace(&mut (*function).dict, null_mut());
    let state = std::mem::replace(&mut (*function).state, null_mut());
    drop(Own::take(dict));
    if !state.is_null() {
        drop(Box::from_raw(state));
    }
    0
}

unsafe extern "C" fn deallocate(function: Raw) {
    let type_ = ffi::Py_TYPE(function);
    ffi::PyObject_GC_UnTrack(function.cast());
    if !(*function.cast::<Function>()).weak_references.is_null() {
        ffi::PyObject_ClearWeakRefs(function);
    }
    clear(function);
    ffi::PyObject_GC_Del(function.cast());
    ffi::Py_DECREF(type_.cast());
}

static METHOD: Kept = Kept::new();

/// Make the type.
///
/// # Errors
/// ImportError: this interpreter cannot have it.
pub fn set_up(py: Python<'_>) -> PyResult<()> {
    METHOD.keep(&py.import("types")?.getattr("MethodType")?);
    let number = |name: &'static CStr, offset: usize| ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset: offset as isize,
        flags: ffi::Py_READONLY,
        doc: std::ptr::null(),
    };
    // The interpreter keeps pointers to these tables: they stay as long as the process.
    // SAFETY: each table ends with zeros, as its kind has to.
    let members = Box::leak(Box::new([
        number(c"__vectorcalloffset__", offset_of!(Function, vectorcall)),
        number(c"__dictoffset__", offset_of!(Function, dict)),
        number(c"__weaklistoffset__", offset_of!(Function, weak_references)),
        unsafe { std::mem::zeroed() },
    ]));
    let methods = Box::leak(Box::new([
        ffi::PyMethodDef {
            ml_name: c"__reduce__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: reduce },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: std::ptr::null(),
        },
        ffi::PyMethodDef::zeroed(),
    ]));
    let attributes = Box::leak(Box::new([
        ffi::PyGetSetDef {
            name: c"__dict__".as_ptr(),
            get: Some(ffi::PyObject_GenericGetDict),
            set: Some(ffi::PyObject_GenericSetDict),
            doc: std::ptr::null(),
            closure: null_mut(),
        },
        unsafe { std::mem::zeroed() },
    ]));
    let slot = |slot: c_int, function: *mut c_void| ffi::PyType_Slot { slot, pfunc: function };
    let slots = Box::leak(Box::new([
        slot(ffi::Py_tp_dealloc, deallocate as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_call, call as *mut c_void),
        slot(ffi::Py_tp_repr, represent as *mut c_void),
        slot(ffi::Py_tp_descr_get, get as *mut c_void),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, attributes.as_mut_ptr().cast()),
        slot(0, null_mut()),
    ]));
    let flags = ffi::Py_TPFLAGS_DEFAULT
        | ffi::Py_TPFLAGS_HAVE_GC
        | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION
        | HAS_VECTORCALL
        | IS_METHOD_DESCRIPTOR;
    let mut spec = ffi::PyType_Spec {
        name: c"avrogen_native.Function".as_ptr(),
        basicsize: size_of::<Function>() as c_int,
        itemsize: 0,
        flags: flags as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the tables above; the functions are of the types that their slots need.
    let type_ = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&mut spec))? };
    TYPE.keep(&type_);
    if type_.getattr("__dictoffset__")?.extract::<usize>()? != offset_of!(Function, dict) {
        return Err(unknown("functions"));
    }
    Ok(())
}
