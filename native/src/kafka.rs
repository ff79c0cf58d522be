//! Consumed messages: decoded and put together, many in one call.
//!
//! What is out of the ordinary is left to Python: reading ends before the first such message.

use crate::objects::{Brief, Class, Interpreter, Own};
use pyo3::{
    exceptions::PyException,
    prelude::*,
    types::{PyList, PyString, PyTuple, PyType},
};

/// Bytes in front of a value: zero, and the id of its schema.
const PREFIX: usize = 5;

/// The attributes that are set, in this order; others are worked out when they are asked for.
const ATTRIBUTES: [&str; 7] = ["_raw", "key", "value", "topic", "partition", "offset", "headers"];

/// Reads the messages of one topic.
#[pyclass(frozen, module = "avrogen_native")]
pub struct MessageReader {
    class: Class,
    topic: Own,
    value_of: Own,
    key_of: Own,
    headers_of: Own,
    offset_of: Own,
    known: Own,
    read_key: Key,
    headers: Class,
    tuple: Own,
    no_headers: Own,
}

/// Names of headers that may have the id of a schema.
const SCHEMA_HEADERS: [&[u8]; 2] = [b"__value_schema_id", b"__key_schema_id"];

enum Key {
    None,
    Text,
    By(Own),
}

// SAFETY: references are counted and followed by methods that are called with the GIL, and are dropped
// by the deallocation of an object, which has it, too. There are no wheels for other interpreters.
unsafe impl Send for MessageReader {}
unsafe impl Sync for MessageReader {}

#[pymethods]
impl MessageReader {
    #[new]
    #[allow(clippy::too_many_arguments)]
    fn new(
        class: &Bound<'_, PyType>,
        raw_class: &Bound<'_, PyType>,
        topic: &Bound<'_, PyAny>,
        known: &Bound<'_, PyAny>,
        read_key: Option<&Bound<'_, PyAny>>,
        text_keys: bool,
        headers: &Bound<'_, PyType>,
        no_headers: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let py = class.py();
        let names: Vec<_> =
            ATTRIBUTES.iter().map(|name| PyString::new(py, name).into_any()).collect();
        let method = |name: &str| Ok::<_, PyErr>(Own::from_bound(&raw_class.getattr(name)?));
        Ok(MessageReader {
            class: Class::new(class, &names)?,
            topic: Own::from_bound(topic),
            value_of: method("value")?,
            key_of: method("key")?,
            headers_of: method("headers")?,
            offset_of: method("offset")?,
            known: Own::from_bound(known),
            read_key: match read_key {
                None => Key::None,
                Some(_) if text_keys => Key::Text,
                Some(function) => Key::By(Own::from_bound(function)),
            },
            headers: Class::new(headers, &[PyString::new(py, "_pairs").into_any()])?,
            tuple: Own::from_bound(&py.get_type::<PyTuple>()),
            no_headers: Own::from_bound(no_headers),
        })
    }

    /// Append messages to a list, and return the bytes of their values.
    fn read(
        &self,
        raws: &Bound<'_, PyList>,
        start: usize,
        partition: &Bound<'_, PyAny>,
        most_bytes: usize,
        messages: &Bound<'_, PyList>,
    ) -> PyResult<usize> {
        let py = raws.py();
        let partition = Own::from_bound(partition);
        // SAFETY: the thread has the GIL, as `py` shows, and this function has no other.
        let mut interpreter = unsafe { Interpreter::attached() };
        let mut last = None;
        let mut size = 0;
        let mut index = start;
        while size < most_bytes && index < raws.len() {
            let raw = Own::from_bound(&raws.get_item(index)?);
            match self.read_one(&raw, &partition, &mut last, &mut interpreter) {
                Some((message, bytes)) => {
                    messages.append(message.into_bound(py))?;
                    size += bytes;
                }
                None => match PyErr::take(py) {
                    Some(error) if !error.is_instance_of::<PyException>(py) => return Err(error),
                    _ => break,
                },
            }
            index += 1;
        }
        Ok(size)
    }
}

/// The bytes in front of the last value, and what decodes those behind them.
type Last = Option<([u8; PREFIX], Own)>;

impl MessageReader {
    /// Return a message and the bytes of its value; None: it is left to Python. An exception may be set.
    #[inline(always)]
    fn read_one(
        &self,
        raw: &Own,
        partition: &Own,
        last: &mut Last,
        interpreter: &mut Interpreter,
    ) -> Option<(Own, usize)> {
        let headers = interpreter.call1(&self.headers_of, raw).ok()?;
        let headers = if headers.brief().is_none() {
            self.no_headers.clone()
        } else {
            self.headers(&headers, interpreter)?
        };
        let key = match &self.read_key {
            Key::None => Own::none(),
            how => {
                let key = interpreter.call1(&self.key_of, raw).ok()?;
                match how {
                    _ if key.brief().is_none() => return None,
                    Key::By(function) => interpreter.call1(function, &key).ok()?,
                    _ => Own::str(key.brief().bytes().ok()?).ok()?,
                }
            }
        };
        let data = interpreter.call1(&self.value_of, raw).ok()?;
        if !data.brief().is_bytes() {
            return None;
        }
        let bytes = data.brief().bytes().ok()?;
        let (prefix, body) = bytes.split_first_chunk::<PREFIX>()?;
        let size = bytes.len();
        if !matches!(last, Some((known, _)) if known == prefix) {
            if prefix[0] != 0 {
                return None;
            }
            let (prefix, named) = (*prefix, Own::bytes(prefix).ok()?);
            let body = Own::bytes(body).ok()?;
            let decode = interpreter.call1(&self.known, &named).ok()?;
            if decode.brief().is_none() {
                return None;
            }
            *last = Some((prefix, decode));
            return self.message(raw, key, &body, size, partition, headers, last, interpreter);
        }
        let body = Own::bytes(body).ok()?;
        self.message(raw, key, &body, size, partition, headers, last, interpreter)
    }

    /// Return the headers that are these pairs; None: they may have the id of a schema.
    fn headers(&self, pairs: &Own, interpreter: &mut Interpreter) -> Option<Own> {
        let list = pairs.brief().list().ok()?;
        let mut index = 0;
        while let Some(pair) = list.item(interpreter, index).map(Brief::hold) {
            let (name, _) = interpreter.unpack(&pair).ok()?;
            if SCHEMA_HEADERS.contains(&name.brief().utf8().ok()?) {
                return None;
            }
            index += 1;
        }
        let pairs = interpreter.call1(&self.tuple, pairs).ok()?;
        let made = self.headers.create().ok()?;
        made.set(0, pairs).ok()?;
        Some(made.finished(true))
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn message(
        &self,
        raw: &Own,
        key: Own,
        body: &Own,
        size: usize,
        partition: &Own,
        headers: Own,
        last: &Last,
        interpreter: &mut Interpreter,
    ) -> Option<(Own, usize)> {
        let (_, decode) = last.as_ref()?;
        let value = interpreter.call1(decode, body).ok()?;
        let offset = interpreter.call1(&self.offset_of, raw).ok()?;
        let made = self.class.create().ok()?;
        let parts =
            [raw.clone(), key, value, self.topic.clone(), partition.clone(), offset, headers];
        for (number, part) in parts.into_iter().enumerate() {
            made.set(number, part).ok()?;
        }
        Some((made.finished(true), size))
    }
}
