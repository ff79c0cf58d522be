//! Bytes to values, by a plan.
#![forbid(unsafe_code)]

use crate::bytes::{
    decimal_text, microseconds, signed_number, uuid_digits, Reader, Result, Unusual, FIRST_DAY,
    LAST_DAY, SECONDS_PER_DAY,
};
use crate::datetimes;
use crate::objects::{
    copied_dict, decimal_class, key, set_item, uuid_from_bytes, Class, Interpreter, NewList, Own,
};
use crate::plan::{short_scale, Clock, Default, DefaultValue, Depth, Kind, Node, Plan, Record};

/// Data that are decoded.
pub struct Decoding<'a> {
    pub plan: &'a Plan,
    /// The bytes object that a reader reads.
    data: &'a Own,
}

/// Return the value of a datum, which is all of `data`, a bytes object.
pub fn decode(plan: &Plan, data: &Own, interpreter: &mut Interpreter, left: i64) -> Result<Own> {
    let mut reader = Reader::new(data.brief().bytes()?);
    let decoding = Decoding { plan, data };
    let root = plan.node(plan.root)?;
    let value = decoding.read(root, &mut reader, interpreter, Depth::new(left))?;
    if reader.remaining() != 0 {
        return Err(Unusual);
    }
    Ok(value)
}

impl Clock {
    /// Return seconds and microseconds of units, rounded down.
    #[inline(always)]
    fn seconds(self, units: i64) -> (i64, i64) {
        let (seconds, rest) =
            (units.div_euclid(self.per_second), units.rem_euclid(self.per_second));
        (seconds, microseconds(rest, self.per_second))
    }
}

impl Decoding<'_> {
    pub(crate) fn read(
        &self,
        node: &Node,
        reader: &mut Reader<'_>,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<Own> {
        match &node.kind {
            Kind::Str => Own::str(reader.span()?),
            Kind::Integer { wide } => Own::int(reader.integer(*wide)?),
            Kind::Double => Own::float(reader.double()?),
            Kind::Nullable { null, inner, .. } => {
                let branch = reader.byte()?;
                if branch == null * 2 {
                    Ok(Own::none())
                } else if branch == (1 - null) * 2 {
                    self.read(self.plan.node(*inner)?, reader, interpreter, depth.deeper()?)
                } else {
                    Err(Unusual)
                }
            }
            Kind::Call { record } => {
                let record = self.plan.record(*record)?;
                let depth = depth.in_record(record.is_recursive)?;
                match &record.class {
                    Some(class) => self.read_instance(record, class, reader, interpreter, depth),
                    None => self.read_dict(record, reader, interpreter, depth),
                }
            }
            Kind::Null => Ok(Own::none()),
            Kind::Boolean => match reader.byte()? {
                0 => Ok(Own::boolean(false)),
                1 => Ok(Own::boolean(true)),
                _ => Err(Unusual),
            },
            Kind::Float => Own::float(f64::from(reader.float()?)),
            Kind::Bytes => Own::bytes(reader.span()?),
            Kind::Enum { values, .. } | Kind::Symbols { values, .. } => {
                let value = values.get(reader.index()?).ok_or(Unusual)?;
                value.clone().ok_or(Unusual)
            }
            Kind::Union { branches, .. } => {
                let inner = *branches.get(reader.index()?).ok_or(Unusual)?;
                self.read(self.plan.node(inner)?, reader, interpreter, depth.deeper()?)
            }
            Kind::Array { item, least } => self.read_array(
                self.plan.node(*item)?,
                *least,
                reader,
                interpreter,
                depth.deeper()?,
            ),
            Kind::Map { value, least } => {
                self.read_map(self.plan.node(*value)?, *least, reader, interpreter, depth.deeper()?)
            }
            Kind::Named { name, inner } => {
                let inner = self.plan.node(*inner)?;
                let value = self.read(inner, reader, interpreter, depth.deeper()?)?;
                Own::pair(name.clone(), value)
            }
            Kind::Mapped { inner, from_base, .. } => {
                let inner = self.plan.node(*inner)?;
                let base = self.read(inner, reader, interpreter, depth.deeper()?)?;
                interpreter.call1(from_base, &base)
            }
            _ => self.read_leaf(node, reader, interpreter),
        }
    }

    /// Read a value without inner values: here, or by the interpreter.
    #[inline(never)]
    fn read_leaf(
        &self,
        node: &Node,
        reader: &mut Reader<'_>,
        interpreter: &mut Interpreter,
    ) -> Result<Own> {
        let start = reader.position();
        let here = match &node.kind {
            Kind::Timestamp { clock, local } => read_timestamp(*clock, *local, reader),
            Kind::Date => read_date(reader),
            Kind::Time(clock) => read_time(*clock, reader),
            Kind::Decimal { scale, size, .. } => read_decimal(*scale, *size, reader, interpreter),
            Kind::Uuid { binary: true } => uuid_from_bytes(reader.uuid()?),
            Kind::Uuid { binary: false } => {
                reader.span().and_then(uuid_digits).and_then(|digits| Own::uuid(&digits))
            }
            Kind::Fixed { size, class } => {
                let content = Own::bytes(reader.take(*size)?)?;
                match class {
                    None => Ok(content),
                    Some(class) => {
                        let new = crate::objects::new_bytes()?;
                        interpreter.call2(&new, class, &content)
                    }
                }
            }
            Kind::Nanos { class, wide } => {
                let number = Own::int(reader.integer(*wide)?)?;
                interpreter.call1(class, &number)
            }
            Kind::Promoted { wide, single } => {
                let number = reader.integer(*wide)?;
                Own::float(if *single { f64::from(number as f32) } else { number as f64 })
            }
            Kind::Interpreted => Err(Unusual),
            _ => return Err(Unusual),
        };
        match here {
            Ok(value) => Ok(value),
            Err(Unusual) => self.interpret(node, start, reader, interpreter),
        }
    }

    #[cold]
    fn interpret(
        &self,
        node: &Node,
        start: usize,
        reader: &mut Reader<'_>,
        interpreter: &mut Interpreter,
    ) -> Result<Own> {
        interpreter.clear_error();
        let position = Own::int(i64::try_from(start).map_err(|_| Unusual)?)?;
        let part = &self.plan.interpretation.part;
        let pair = interpreter.call3(part, &node.operation, self.data, &position)?;
        let (value, end) = interpreter.unpack(&pair)?;
        let end = usize::try_from(end.brief().long()?).map_err(|_| Unusual)?;
        reader.move_to(end)?;
        Ok(value)
    }

    fn read_instance(
        &self,
        record: &Record,
        class: &Class,
        reader: &mut Reader<'_>,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<Own> {
        let instance = class.create()?;
        let mut refers = false;
        for field in &record.fields {
            let node = self.plan.node(field.node)?;
            let Some(number) = field.number else {
                self.plan.skip(node, reader, depth)?;
                continue;
            };
            let value = self.read(node, reader, interpreter, depth)?;
            if !field.is_inert && !refers {
                refers = value.brief().is_tracked();
            }
            instance.set(number, value)?;
        }
        for default in &record.defaults {
            let value = self.default(default, interpreter, depth)?;
            refers = refers || value.brief().is_tracked();
            instance.set(default.number, value)?;
        }
        Ok(instance.finished(refers))
    }

    #[inline(never)]
    fn read_dict(
        &self,
        record: &Record,
        reader: &mut Reader<'_>,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<Own> {
        let dict = match &record.template {
            None => Own::dict()?,
            Some(template) => copied_dict(template)?,
        };
        for field in &record.fields {
            let node = self.plan.node(field.node)?;
            if field.number.is_none() {
                self.plan.skip(node, reader, depth)?;
                continue;
            }
            let value = self.read(node, reader, interpreter, depth)?;
            set_item(&dict, &field.name, &value)?;
        }
        for default in &record.defaults {
            let value = self.default(default, interpreter, depth)?;
            set_item(&dict, &default.name, &value)?;
        }
        Ok(dict)
    }

    /// Return the value of a default, whose depth was checked when the plan was made.
    fn default(
        &self,
        default: &Default,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<Own> {
        match &default.value {
            DefaultValue::Shared(value) => Ok(value.clone()),
            DefaultValue::List => NewList::new(0)?.finished(),
            DefaultValue::Dict => Own::dict(),
            DefaultValue::Decoded(data) => {
                let mut reader = Reader::new(data.brief().bytes()?);
                let decoding = Decoding { plan: self.plan, data };
                let node = self.plan.node(default.node)?;
                decoding.read(node, &mut reader, interpreter, depth.unlimited())
            }
        }
    }

    #[inline(never)]
    fn read_array(
        &self,
        item: &Node,
        least: usize,
        reader: &mut Reader<'_>,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<Own> {
        let (mut count, _) = reader.block(least)?;
        let mut list = NewList::new(count)?;
        while count != 0 {
            if let Kind::Double = item.kind {
                for _ in 0..count {
                    list.push(Own::float(reader.double()?)?)?;
                }
            } else {
                for _ in 0..count {
                    list.push(self.read(item, reader, interpreter, depth)?)?;
                }
            }
            count = reader.block(least)?.0;
        }
        list.finished()
    }

    #[inline(never)]
    fn read_map(
        &self,
        inner: &Node,
        least: usize,
        reader: &mut Reader<'_>,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<Own> {
        let dict = Own::dict()?;
        loop {
            let (count, _) = reader.block(least)?;
            if count == 0 {
                return Ok(dict);
            }
            for _ in 0..count {
                let key = key(reader.span()?)?;
                let value = self.read(inner, reader, interpreter, depth)?;
                set_item(&dict, &key, &value)?;
            }
        }
    }
}

#[inline]
fn read_timestamp(clock: Clock, local: bool, reader: &mut Reader<'_>) -> Result<Own> {
    let (seconds, microseconds) = clock.seconds(reader.integer(clock.wide)?);
    let days = seconds.div_euclid(SECONDS_PER_DAY);
    if !(FIRST_DAY..=LAST_DAY).contains(&days) {
        return Err(Unusual);
    }
    datetimes::datetime(days, seconds.rem_euclid(SECONDS_PER_DAY), microseconds, local)
}

fn read_date(reader: &mut Reader<'_>) -> Result<Own> {
    let days = reader.int()?;
    if !(FIRST_DAY..=LAST_DAY).contains(&days) {
        return Err(Unusual);
    }
    datetimes::date(days)
}

fn read_time(clock: Clock, reader: &mut Reader<'_>) -> Result<Own> {
    let (seconds, microseconds) = clock.seconds(reader.integer(clock.wide)?);
    if !(0..SECONDS_PER_DAY).contains(&seconds) {
        return Err(Unusual);
    }
    datetimes::time(seconds, microseconds)
}

fn read_decimal(
    scale: i64,
    size: Option<usize>,
    reader: &mut Reader<'_>,
    interpreter: &mut Interpreter,
) -> Result<Own> {
    let content = match size {
        None => reader.span()?,
        Some(size) => reader.take(size)?,
    };
    let (text, start) = decimal_text(signed_number(content)?, short_scale(scale)?);
    let text = Own::str(&text[start..])?;
    interpreter.call1(&decimal_class()?, &text)
}
