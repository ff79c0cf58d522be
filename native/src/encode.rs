//! Values to bytes, by a plan.
#![forbid(unsafe_code)]

use crate::bytes::{unscaled, uuid_text, Result, Unusual, Writer};
use crate::datetimes;
use crate::objects::{is_decimal, position_of, uuid_number, Brief, Dict, Interpreter, Own};
use crate::plan::{Clock, Depth, Kind, Node, Plan, Record};

impl Clock {
    /// Return units of seconds and microseconds, rounded down, if the value may have them.
    #[inline(always)]
    fn units(self, seconds: i64, microseconds: i64) -> Result<i64> {
        if self.step > 1 && microseconds % self.step != 0 {
            return Err(Unusual);
        }
        if self.per_second > 1_000_000 {
            return Err(Unusual);
        }
        Ok(seconds * self.per_second + microseconds / (1_000_000 / self.per_second))
    }
}

impl Plan {
    /// Write a datum.
    pub fn encode(
        &self,
        value: &Own,
        out: &mut Writer,
        interpreter: &mut Interpreter,
        left: i64,
    ) -> Result<()> {
        self.write(self.node(self.root)?, value, out, interpreter, Depth::new(left))
    }

    /// Write a value of a scalar node. No Python code runs, so the reference need not be counted.
    ///
    /// If it fails, something may have been written.
    #[inline(always)]
    fn write_scalar(&self, node: &Node, value: Brief<'_>, out: &mut Writer) -> Result<()> {
        match &node.kind {
            Kind::Str => out.span(value.utf8()?),
            Kind::Integer { wide } => {
                let number = value.long()?;
                if !wide && number != i64::from(number as i32) {
                    return Err(Unusual);
                }
                out.long(number)
            }
            Kind::Double => out.double(value.double()?),
            Kind::Nullable { null, inner, class, also_int } => {
                if value.is_none() {
                    return out.byte(null * 2);
                }
                let fits = class.as_ref().is_some_and(|class| value.is_a(class));
                if fits || *also_int && value.is_int() {
                    out.byte((1 - null) * 2)?;
                    return self.write_leaf(self.node(*inner)?, value, out);
                }
                Err(Unusual)
            }
            Kind::Union { branches, types } => {
                let branch = types.as_ref().ok_or(Unusual)?.branch(value)?;
                out.long(i64::from(branch))?;
                let inner = *branches.get(branch as usize).ok_or(Unusual)?;
                self.write_leaf(self.node(inner)?, value, out)
            }
            _ => self.write_leaf(node, value, out),
        }
    }

    /// Write a value of a scalar node that is no union.
    #[inline(never)]
    fn write_leaf(&self, node: &Node, value: Brief<'_>, out: &mut Writer) -> Result<()> {
        match &node.kind {
            Kind::Null if value.is_none() => Ok(()),
            Kind::Boolean => out.byte(value.boolean()? as u8),
            Kind::Integer { wide } => {
                let number = value.long()?;
                if !wide && number != i64::from(number as i32) {
                    return Err(Unusual);
                }
                out.long(number)
            }
            Kind::Double => out.double(value.double()?),
            Kind::Float => {
                let number = value.double()?;
                let single = number as f32;
                if single.is_infinite() && !number.is_infinite() {
                    return Err(Unusual);
                }
                out.float(single)
            }
            Kind::Str => out.span(value.utf8()?),
            Kind::Bytes if value.is_bytes() => out.span(value.bytes()?),
            Kind::Fixed { size, class } => {
                let is_own = match class {
                    Some(class) => value.is_a(class),
                    None => value.is_bytes(),
                };
                let content = value.bytes()?;
                if !is_own || content.len() != *size {
                    return Err(Unusual);
                }
                out.raw(content)
            }
            Kind::Enum { class, numbers, .. } => {
                if !value.is_a(class) {
                    return Err(Unusual);
                }
                out.long(i64::from(numbers.get(value.address()).ok_or(Unusual)?))
            }
            Kind::Symbols { numbers, .. } => out.long(position_of(numbers, value)?),
            Kind::Uuid { binary: true } => out.raw(&uuid_number(value)?.to_be_bytes()),
            Kind::Uuid { binary: false } => out.span(&uuid_text(uuid_number(value)?)),
            Kind::Date => out.long(datetimes::days_of(value)?),
            Kind::Time(clock) => {
                let (seconds, microseconds) = datetimes::clock_of(value)?;
                out.long(clock.units(seconds, microseconds)?)
            }
            Kind::Timestamp { clock, local } => {
                let (seconds, microseconds) = datetimes::timestamp_of(value, *local)?;
                out.long(clock.units(seconds, microseconds)?)
            }
            Kind::Nanos { class, .. } if value.is_a(class) => out.long(value.long()?),
            _ => Err(Unusual),
        }
    }

    /// Write a value, or have the interpreter write it.
    fn write(
        &self,
        node: &Node,
        value: &Own,
        out: &mut Writer,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<()> {
        if node.is_scalar {
            let start = out.position();
            if self.write_scalar(node, value.brief(), out).is_ok() {
                return Ok(());
            }
            out.return_to(start);
            return self.interpret(node, value, out, interpreter, depth);
        }
        match &node.kind {
            Kind::Call { record } => {
                self.write_record(self.record(*record)?, node, value, out, interpreter, depth)
            }
            Kind::Array { item, .. } => {
                self.write_array(node, self.node(*item)?, value, out, interpreter, depth.deeper()?)
            }
            Kind::Map { value: inner, .. } => {
                self.write_map(node, self.node(*inner)?, value, out, interpreter, depth.deeper()?)
            }
            Kind::Nullable { null, inner, class, also_int } => {
                if value.brief().is_none() {
                    return out.byte(null * 2);
                }
                let fits = class.as_ref().is_some_and(|class| value.brief().is_a(class));
                if !(fits || *also_int && value.brief().is_int()) {
                    return self.interpret(node, value, out, interpreter, depth);
                }
                out.byte((1 - null) * 2)?;
                self.write(self.node(*inner)?, value, out, interpreter, depth.deeper()?)
            }
            Kind::Union { branches, types } => {
                let Some(Ok(branch)) = types.as_ref().map(|types| types.branch(value.brief()))
                else {
                    return self.interpret(node, value, out, interpreter, depth);
                };
                out.long(i64::from(branch))?;
                let inner = *branches.get(branch as usize).ok_or(Unusual)?;
                self.write(self.node(inner)?, value, out, interpreter, depth.deeper()?)
            }
            Kind::Decimal { precision, scale, size } => {
                let Ok(number) = self.unscaled(value, *precision, *scale, interpreter) else {
                    return self.interpret(node, value, out, interpreter, depth);
                };
                let start = out.position();
                if out.signed(number, *size).is_err() {
                    out.return_to(start);
                    return self.interpret(node, value, out, interpreter, depth);
                }
                Ok(())
            }
            Kind::Mapped { inner, class, to_base, .. } => {
                if class.as_ref().is_some_and(|class| !value.brief().is_a(class)) {
                    return self.interpret(node, value, out, interpreter, depth);
                }
                let inner = self.node(*inner)?;
                match to_base {
                    None => self.write(inner, value, out, interpreter, depth.deeper()?),
                    Some(to_base) => {
                        let base = interpreter.call1(to_base, value)?;
                        self.write(inner, &base, out, interpreter, depth.deeper()?)
                    }
                }
            }
            _ => self.interpret(node, value, out, interpreter, depth),
        }
    }

    #[inline(never)]
    fn unscaled(
        &self,
        value: &Own,
        precision: i64,
        scale: i64,
        interpreter: &mut Interpreter,
    ) -> Result<i64> {
        if !is_decimal(value.brief()) {
            return Err(Unusual);
        }
        let text = interpreter.str_of(value)?;
        let text = text.brief();
        unscaled(text.utf8()?, precision, scale)
    }

    fn write_record(
        &self,
        record: &Record,
        node: &Node,
        value: &Own,
        out: &mut Writer,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<()> {
        let inside = depth.in_record(record.is_recursive)?;
        let Some(class) = &record.class else {
            return self.write_dict(record, value, out, interpreter, inside);
        };
        let Ok(attributes) = class.attributes(value) else {
            return self.interpret(node, value, out, interpreter, depth);
        };
        for field in &record.fields {
            let (node, number) = (self.node(field.node)?, field.number.ok_or(Unusual)?);
            if field.is_scalar {
                if let Some(part) = attributes.slot(interpreter, number) {
                    let start = out.position();
                    if self.write_scalar(node, part, out).is_ok() {
                        continue;
                    }
                    out.return_to(start);
                }
            }
            let part = attributes.get(interpreter, number)?;
            self.write(node, &part, out, interpreter, inside)?;
        }
        Ok(())
    }

    /// Write a dict, which is left to the interpreter as a whole if it is out of the ordinary.
    #[inline(never)]
    fn write_dict(
        &self,
        record: &Record,
        value: &Own,
        out: &mut Writer,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<()> {
        let dict = value.brief().dict()?;
        if record.only_fields && dict.len() > record.fields.len() {
            return Err(Unusual);
        }
        let mut missing = 0;
        for field in &record.fields {
            match dict.get(interpreter, &field.name)? {
                Some(part) => {
                    self.write(self.node(field.node)?, &part, out, interpreter, depth)?;
                }
                None => {
                    missing += 1;
                    let default = field.default.as_ref().ok_or(Unusual)?;
                    let data = interpreter.call0(default)?;
                    out.raw(data.brief().bytes()?)?;
                }
            }
        }
        if record.only_fields && dict.len() + missing > record.fields.len() {
            return Err(Unusual);
        }
        Ok(())
    }

    #[inline(never)]
    fn write_array(
        &self,
        node: &Node,
        item: &Node,
        value: &Own,
        out: &mut Writer,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<()> {
        let Ok(list) = value.brief().list() else {
            return self.interpret(node, value, out, interpreter, depth);
        };
        let (start, count) = (out.position(), list.len());
        if count == 0 {
            return out.byte(0);
        }
        if item.is_scalar {
            let quiet: &Interpreter = interpreter;
            if self.write_scalars(item, count, |index| list.item(quiet, index), out).is_ok() {
                return Ok(());
            }
            out.return_to(start);
        }
        // A copy, as Python code may change the list between its count and its items.
        let copy = list.copy(interpreter)?;
        out.long(copy.items().len() as i64)?;
        for each in copy.items() {
            self.write(item, each, out, interpreter, depth)?;
        }
        if list.len() != copy.items().len() {
            return Err(Unusual);
        }
        out.byte(0)
    }

    #[inline(always)]
    fn write_scalars<'t>(
        &self,
        node: &Node,
        count: usize,
        item: impl Fn(usize) -> Option<Brief<'t>>,
        out: &mut Writer,
    ) -> Result<()> {
        out.long(count as i64)?;
        if let Kind::Double = node.kind {
            out.reserve(count * 8)?;
            for index in 0..count {
                out.double(item(index).ok_or(Unusual)?.double()?)?;
            }
        } else {
            for index in 0..count {
                self.write_scalar(node, item(index).ok_or(Unusual)?, out)?;
            }
        }
        out.byte(0)
    }

    #[inline(never)]
    fn write_map(
        &self,
        node: &Node,
        inner: &Node,
        value: &Own,
        out: &mut Writer,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<()> {
        let Ok(dict) = value.brief().dict() else {
            return self.interpret(node, value, out, interpreter, depth);
        };
        let (start, count) = (out.position(), dict.len());
        if count == 0 {
            return out.byte(0);
        }
        if inner.is_scalar {
            if self.write_scalar_entries(inner, dict, out, interpreter).is_ok() {
                return Ok(());
            }
            out.return_to(start);
        }
        let copy = dict.copy(interpreter)?; // as of a list
        out.long(count as i64)?;
        for (key, each) in copy.entries() {
            out.span(key.brief().utf8()?)?;
            self.write(inner, &each, out, interpreter, depth)?;
        }
        if dict.len() != count {
            return Err(Unusual);
        }
        out.byte(0)
    }

    #[inline(always)]
    fn write_scalar_entries(
        &self,
        inner: &Node,
        dict: Dict<'_>,
        out: &mut Writer,
        interpreter: &Interpreter,
    ) -> Result<()> {
        out.long(dict.len() as i64)?;
        for (key, each) in dict.entries(interpreter) {
            out.span(key.utf8()?)?;
            self.write_scalar(inner, each, out)?;
        }
        out.byte(0)
    }
}
