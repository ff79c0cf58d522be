//! Plans: what avrogen's `codec/native_backend/plan_format.py` makes of its plans, as nodes and records.
//!
//! The tuples and their numbers are the *plan format*, whose number is [`PLAN_FORMAT`]. Whoever changes
//! them changes that number, here, in `backends.py` and as the major version of this distribution.
#![forbid(unsafe_code)]

use crate::bytes::{Result, Unusual, Writer, MOST_PLACES};
use crate::objects::{Address, Brief, Class, Interpreter, Own};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyDict, PyString, PyTuple, PyType},
};

pub const PLAN_FORMAT: u32 = 1;

/// How a plan is interpreted where it is out of the ordinary.
pub struct Interpretation {
    /// `write_part(operation, value, left) -> bytes`, or `read_part(operation, data, position)`.
    pub part: Own,
}

/// Numbers by address, such as of types.
pub struct Table {
    mask: usize,
    places: Vec<(Address, u32)>,
}

impl Table {
    fn new(entries: impl ExactSizeIterator<Item = (Address, u32)>) -> Table {
        let size = (entries.len() * 2 + 4).next_power_of_two();
        let mut table = Table { mask: size - 1, places: vec![(0, 0); size] };
        for (address, number) in entries {
            let mut place = table.first_place(address);
            while table.places[place].0 != 0 && table.places[place].0 != address {
                place = (place + 1) & table.mask;
            }
            if table.places[place].0 == 0 {
                table.places[place] = (address, number);
            }
        }
        table
    }

    #[inline(always)]
    fn first_place(&self, address: Address) -> usize {
        let hash = address >> 4;
        (hash ^ hash >> 15) & self.mask
    }

    #[inline(always)]
    pub fn get(&self, address: Address) -> Option<u32> {
        let mut place = self.first_place(address);
        loop {
            let &(found, number) = self.places.get(place)?;
            if found == address {
                return Some(number);
            }
            if found == 0 {
                return None;
            }
            place = (place + 1) & self.mask;
        }
    }
}

/// A date or time of day: units of a second, the size of its number, and microseconds that it may have.
#[derive(Clone, Copy)]
pub struct Clock {
    pub per_second: i64,
    pub wide: bool,
    /// Values must be whole multiples of so many microseconds; 1: any.
    pub step: i64,
}

pub enum Kind {
    Null,
    Boolean,
    Integer { wide: bool },
    Double,
    Float,
    Bytes,
    Str,
    Fixed { size: usize, class: Option<Own> },
    Enum { values: Vec<Option<Own>>, class: Own, numbers: Table },
    Symbols { values: Vec<Option<Own>>, numbers: Own },
    Decimal { precision: i64, scale: i64, size: Option<usize> },
    Uuid { binary: bool },
    Date,
    Time(Clock),
    Timestamp { clock: Clock, local: bool },
    Nanos { class: Own, wide: bool },
    Interpreted,
    Array { item: usize, least: usize },
    Map { value: usize, least: usize },
    Nullable { null: u8, inner: usize, class: Option<Own>, also_int: bool },
    Union { branches: Vec<usize>, types: Option<Types> },
    Call { record: usize },
    Promoted { wide: bool, single: bool },
    Skip { inner: usize },
    Unreadable,
    Mapped { inner: usize, class: Option<Own>, to_base: Option<Own>, from_base: Own },
    Named { name: Own, inner: usize },
}

/// The branches of a union by the exact types of their values.
pub struct Types {
    pub numbers: Table,
    /// The branches of int and long, where ints beyond the first are for the second.
    pub int_and_long: Option<(u32, u32)>,
    kept: Vec<Own>,
}

pub struct Node {
    pub kind: Kind,
    /// The operation of avrogen's plan, for the interpreter.
    pub operation: Own,
    /// Its values are written without running Python code, or left to the interpreter.
    pub is_scalar: bool,
    /// Its values cannot refer to other objects.
    pub is_inert: bool,
}

pub struct Field {
    pub node: usize,
    pub name: Own,
    pub is_scalar: bool,
    pub is_inert: bool,
    /// Where its value goes, among the attributes of the class; None: it is skipped.
    pub number: Option<usize>,
    /// Returns what is written for a dict without the field, as bytes.
    pub default: Option<Own>,
}

pub enum DefaultValue {
    Shared(Own),
    List,
    Dict,
    Decoded(Own),
}

pub struct Default {
    pub node: usize,
    pub name: Own,
    pub number: usize,
    pub value: DefaultValue,
}

pub struct Record {
    pub class: Option<Class>,
    pub is_recursive: bool,
    pub fields: Vec<Field>,
    pub defaults: Vec<Default>,
    /// A dict with its keys in order, if that is not the order of the data.
    pub template: Option<Own>,
    /// Dicts have no other keys than these.
    pub only_fields: bool,
}

pub struct Plan {
    pub nodes: Vec<Node>,
    pub records: Vec<Record>,
    pub root: usize,
    pub is_recursive: bool,
    /// Values that are made of so many bytes of data, and of none, if they have to be counted.
    pub values: Option<(usize, usize)>,
    pub interpretation: Interpretation,
}

/// Levels of records, arrays, maps and unions. More are left to the interpreter: a level takes up to 300
/// bytes of the stack, and some servers give their threads 256 KB. Plans that are deeper without
/// recursion are not made here.
const MOST_LEVELS: u32 = 700;

/// How deep one is: further levels of recursive records that limits allow, and levels so far.
#[derive(Clone, Copy)]
pub struct Depth {
    pub left: i64,
    levels: u32,
}

impl Depth {
    pub fn new(left: i64) -> Depth {
        Depth { left, levels: 0 }
    }

    /// Return the depth of a part whose recursion was checked before.
    pub fn unlimited(self) -> Depth {
        Depth { left: i64::MAX / 2, ..self }
    }

    /// Return the depth inside.
    #[inline(always)]
    pub fn deeper(self) -> Result<Depth> {
        if self.levels >= MOST_LEVELS {
            return Err(Unusual);
        }
        Ok(Depth { left: self.left, levels: self.levels + 1 })
    }

    /// Return the depth in a record.
    #[inline(always)]
    pub fn in_record(self, is_recursive: bool) -> Result<Depth> {
        let left = self.left - is_recursive as i64;
        if left < 0 {
            return Err(Unusual);
        }
        Depth { left, levels: self.levels }.deeper()
    }
}

impl Plan {
    /// Return a plan.
    ///
    /// # Errors
    /// Whatever conversions raise, if the tuples are not of this format.
    pub fn new(plan: &Bound<'_, PyTuple>, part: &Bound<'_, PyAny>) -> PyResult<Plan> {
        let nodes = tuple(plan, 0)?;
        let mut nodes = nodes
            .iter()
            .map(|node| node_from(node.cast::<PyTuple>()?))
            .collect::<PyResult<Vec<_>>>()?;
        check_references(&nodes)?;
        for index in 0..nodes.len() {
            nodes[index].is_scalar = is_scalar(&nodes, index, 0);
            nodes[index].is_inert = is_inert(&nodes, index, 0);
        }
        let records = tuple(plan, 1)?;
        let records = records
            .iter()
            .map(|record| record_from(record.cast::<PyTuple>()?, &nodes))
            .collect::<PyResult<Vec<_>>>()?;
        let root = number(plan, 2)?;
        let calls = nodes.iter().filter_map(|node| match node.kind {
            Kind::Call { record } => Some(record),
            _ => None,
        });
        if root >= nodes.len() || calls.max().is_some_and(|record| record >= records.len()) {
            return Err(wrong("a number is beyond the plan"));
        }
        Ok(Plan {
            nodes,
            is_recursive: records.iter().any(|record| record.is_recursive),
            records,
            root,
            values: plan.get_item(3)?.extract()?,
            interpretation: Interpretation { part: Own::from_bound(part) },
        })
    }

    #[inline(always)]
    pub fn node(&self, index: usize) -> Result<&Node> {
        self.nodes.get(index).ok_or(Unusual)
    }

    #[inline(always)]
    pub fn record(&self, index: usize) -> Result<&Record> {
        self.records.get(index).ok_or(Unusual)
    }

    /// Have the interpreter write a value.
    #[cold]
    pub fn interpret(
        &self,
        node: &Node,
        value: &Own,
        out: &mut Writer,
        interpreter: &mut Interpreter,
        depth: Depth,
    ) -> Result<()> {
        interpreter.clear_error();
        let left = Own::int(depth.left)?;
        let part = &self.interpretation.part;
        let written = interpreter.call3(part, &node.operation, value, &left)?;
        out.raw(written.brief().bytes()?)
    }

    /// All references, each once, for the garbage collector.
    pub fn references(&self) -> impl Iterator<Item = &Own> {
        let nodes = self.nodes.iter().flat_map(|node| {
            let mut found = vec![&node.operation];
            match &node.kind {
                Kind::Fixed { class: Some(class), .. }
                | Kind::Nanos { class, .. }
                | Kind::Nullable { class: Some(class), .. } => found.push(class),
                Kind::Enum { values, class, .. } => {
                    found.extend(values.iter().flatten());
                    found.push(class);
                }
                Kind::Symbols { values, numbers } => {
                    found.extend(values.iter().flatten());
                    found.push(numbers);
                }
                Kind::Union { types: Some(types), .. } => found.extend(&types.kept),
                Kind::Mapped { class, to_base, from_base, .. } => {
                    found.extend(class);
                    found.extend(to_base);
                    found.push(from_base);
                }
                Kind::Named { name, .. } => found.push(name),
                _ => {}
            }
            found
        });
        let records = self.records.iter().flat_map(|record| {
            let mut found: Vec<&Own> = record.template.iter().collect();
            if let Some(class) = &record.class {
                found.extend(class.references());
            }
            for field in &record.fields {
                found.push(&field.name);
                found.extend(&field.default);
            }
            for default in &record.defaults {
                found.push(&default.name);
                if let DefaultValue::Shared(value) | DefaultValue::Decoded(value) = &default.value {
                    found.push(value);
                }
            }
            found
        });
        nodes.chain(records).chain([&self.interpretation.part])
    }
}

// --- from tuples ----------------------------------------------------------------------------------

fn wrong(text: &'static str) -> PyErr {
    PyValueError::new_err(text)
}

fn tuple<'py>(of: &Bound<'py, PyTuple>, index: usize) -> PyResult<Bound<'py, PyTuple>> {
    Ok(of.get_item(index)?.cast_into::<PyTuple>()?)
}

fn number(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<usize> {
    of.get_borrowed_item(index)?.extract()
}

fn long(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<i64> {
    of.get_borrowed_item(index)?.extract()
}

fn flag(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<bool> {
    of.get_borrowed_item(index)?.extract()
}

fn object(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<Own> {
    Ok(Own::from_bound(&*of.get_borrowed_item(index)?))
}

/// An object, or None.
fn optional(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<Option<Own>> {
    let item = of.get_borrowed_item(index)?;
    Ok(if item.is_none() { None } else { Some(Own::from_bound(&*item)) })
}

fn string(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<Own> {
    Ok(Own::from_bound(of.get_item(index)?.cast::<PyString>()?))
}

fn class(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<Option<Own>> {
    let item = of.get_item(index)?;
    Ok(if item.is_none() { None } else { Some(Own::from_bound(item.cast::<PyType>()?)) })
}

fn values(of: &Bound<'_, PyTuple>, index: usize) -> PyResult<Vec<Option<Own>>> {
    let values = tuple(of, index)?;
    (0..values.len()).map(|index| optional(&values, index)).collect()
}

fn address_of(object: &Own) -> Address {
    object.brief().address()
}

fn clock(node: &Bound<'_, PyTuple>, at: usize) -> PyResult<Clock> {
    let clock =
        Clock { per_second: long(node, at)?, wide: flag(node, at + 1)?, step: long(node, at + 2)? };
    if ![1_000, 1_000_000, 1_000_000_000].contains(&clock.per_second) || clock.step < 1 {
        return Err(wrong("not a unit of time"));
    }
    Ok(clock)
}

fn node_from(node: &Bound<'_, PyTuple>) -> PyResult<Node> {
    let kind = match number(node, 0)? {
        0 => Kind::Null,
        1 => Kind::Boolean,
        2 => Kind::Integer { wide: flag(node, 2)? },
        3 if flag(node, 2)? => Kind::Double,
        3 => Kind::Float,
        4 => Kind::Bytes,
        5 => Kind::Str,
        6 => Kind::Fixed { size: number(node, 2)?, class: class(node, 3)? },
        7 => {
            let values = values(node, 2)?;
            let class = class(node, 3)?.ok_or_else(|| wrong("an enum has a class"))?;
            let members = values.iter().enumerate();
            let numbers: Vec<_> = members
                .filter_map(|(index, value)| Some((address_of(value.as_ref()?), index as u32)))
                .collect();
            Kind::Enum { values, class, numbers: Table::new(numbers.into_iter()) }
        }
        8 => {
            let numbers = PyDict::new(node.py());
            for (index, symbol) in tuple(node, 3)?.iter().enumerate() {
                let symbol = symbol.cast_into_exact::<PyString>()?;
                if !numbers.contains(&symbol)? {
                    numbers.set_item(symbol, index)?;
                }
            }
            Kind::Symbols { values: values(node, 2)?, numbers: Own::from_bound(numbers.as_any()) }
        }
        9 => Kind::Decimal {
            precision: long(node, 2)?,
            scale: long(node, 3)?,
            size: node.get_item(4)?.extract()?,
        },
        10 => Kind::Uuid { binary: flag(node, 2)? },
        11 => Kind::Date,
        12 => Kind::Time(clock(node, 2)?),
        13 => Kind::Timestamp { clock: clock(node, 2)?, local: flag(node, 5)? },
        14 => Kind::Nanos {
            class: class(node, 2)?.ok_or_else(|| wrong("nanoseconds have a class"))?,
            wide: flag(node, 3)?,
        },
        15 => Kind::Interpreted,
        16 => Kind::Array { item: number(node, 2)?, least: number(node, 3)? },
        17 => Kind::Map { value: number(node, 2)?, least: number(node, 3)? },
        18 => Kind::Nullable {
            null: match number(node, 2)? {
                null @ (0 | 1) => null as u8,
                _ => return Err(wrong("null is one of two branches")),
            },
            inner: number(node, 3)?,
            class: class(node, 4)?,
            also_int: flag(node, 5)?,
        },
        19 => Kind::Union { branches: branches(node)?, types: types(node)? },
        20 => Kind::Call { record: number(node, 2)? },
        21 => Kind::Promoted { wide: flag(node, 2)?, single: flag(node, 3)? },
        22 => Kind::Skip { inner: number(node, 2)? },
        23 => Kind::Unreadable,
        24 => Kind::Mapped {
            inner: number(node, 2)?,
            class: class(node, 3)?,
            to_base: optional(node, 4)?,
            from_base: object(node, 5)?,
        },
        25 => Kind::Named { name: string(node, 2)?, inner: number(node, 3)? },
        _ => return Err(wrong("unknown kind of node")),
    };
    if let Kind::Decimal { precision, scale, .. } = kind {
        if precision < 0 || !(0..i64::from(i32::MAX)).contains(&scale) {
            return Err(wrong("not a decimal"));
        }
    }
    Ok(Node { kind, operation: object(node, 1)?, is_scalar: false, is_inert: false })
}

fn branches(node: &Bound<'_, PyTuple>) -> PyResult<Vec<usize>> {
    tuple(node, 2)?.extract_vec()
}

trait ExtractVec {
    fn extract_vec(&self) -> PyResult<Vec<usize>>;
}

impl ExtractVec for Bound<'_, PyTuple> {
    fn extract_vec(&self) -> PyResult<Vec<usize>> {
        self.iter().map(|item| item.extract()).collect()
    }
}

fn types(node: &Bound<'_, PyTuple>) -> PyResult<Option<Types>> {
    if node.get_borrowed_item(3)?.is_none() {
        return Ok(None);
    }
    let (mut kept, mut numbers) = (Vec::new(), Vec::new());
    for entry in tuple(node, 3)?.iter() {
        let entry = entry.cast::<PyTuple>()?;
        let class = class(entry, 0)?.ok_or_else(|| wrong("a type"))?;
        numbers.push((address_of(&class), number(entry, 1)? as u32));
        kept.push(class);
    }
    Ok(Some(Types {
        numbers: Table::new(numbers.into_iter()),
        int_and_long: node.get_item(4)?.extract()?,
        kept,
    }))
}

fn inner_nodes(kind: &Kind) -> Vec<usize> {
    match kind {
        Kind::Array { item: inner, .. }
        | Kind::Map { value: inner, .. }
        | Kind::Nullable { inner, .. }
        | Kind::Skip { inner }
        | Kind::Mapped { inner, .. }
        | Kind::Named { inner, .. } => vec![*inner],
        Kind::Union { branches, .. } => branches.clone(),
        _ => vec![],
    }
}

fn check_references(nodes: &[Node]) -> PyResult<()> {
    for node in nodes {
        if inner_nodes(&node.kind).iter().any(|inner| *inner >= nodes.len()) {
            return Err(wrong("a number is beyond the plan"));
        }
    }
    Ok(())
}

/// Unions hold no unions; what is named or mapped in them is no scalar.
const MOST_INNER: u32 = 2;

fn is_scalar(nodes: &[Node], index: usize, levels: u32) -> bool {
    match &nodes[index].kind {
        Kind::Null
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Double
        | Kind::Float
        | Kind::Bytes
        | Kind::Str
        | Kind::Fixed { .. }
        | Kind::Enum { .. }
        | Kind::Symbols { .. }
        | Kind::Uuid { .. }
        | Kind::Date
        | Kind::Time(_)
        | Kind::Timestamp { .. }
        | Kind::Nanos { .. } => true,
        kind @ (Kind::Nullable { .. } | Kind::Union { .. }) if levels < MOST_INNER => {
            inner_nodes(kind).iter().all(|inner| is_scalar(nodes, *inner, levels + 1))
        }
        _ => false,
    }
}

fn is_inert(nodes: &[Node], index: usize, levels: u32) -> bool {
    match &nodes[index].kind {
        Kind::Decimal { .. } | Kind::Promoted { .. } | Kind::Skip { .. } | Kind::Unreadable => true,
        kind @ (Kind::Nullable { .. } | Kind::Union { .. }) if levels < MOST_INNER => {
            inner_nodes(kind).iter().all(|inner| is_inert(nodes, *inner, levels + 1))
        }
        _ => is_scalar(nodes, index, MOST_INNER),
    }
}

fn record_from(record: &Bound<'_, PyTuple>, nodes: &[Node]) -> PyResult<Record> {
    let (fields, defaults) = (tuple(record, 2)?, tuple(record, 3)?);
    let class = record.get_item(0)?;
    let is_made = |field: &Bound<'_, PyTuple>| flag(field, 2);
    let mut names = Vec::new();
    let mut read_fields = Vec::with_capacity(fields.len());
    for field in fields.iter() {
        let field = field.cast::<PyTuple>()?;
        let node = number(field, 0)?;
        let found = nodes.get(node).ok_or_else(|| wrong("a number is beyond the plan"))?;
        let number = is_made(field)?.then_some(names.len());
        if number.is_some() {
            names.push(field.get_item(1)?);
        }
        read_fields.push(Field {
            node,
            name: string(field, 1)?,
            is_scalar: found.is_scalar,
            is_inert: found.is_inert,
            number,
            default: optional(field, 3)?,
        });
    }
    let mut read_defaults = Vec::with_capacity(defaults.len());
    for default in defaults.iter() {
        let default = default.cast::<PyTuple>()?;
        let node = number(default, 3)?;
        if node >= nodes.len() {
            return Err(wrong("a number is beyond the plan"));
        }
        let value = match number(default, 0)? {
            0 => DefaultValue::Shared(object(default, 2)?),
            1 => DefaultValue::List,
            2 => DefaultValue::Dict,
            3 => DefaultValue::Decoded(Own::from_bound(
                default.get_item(2)?.cast_exact::<PyBytes>()?,
            )),
            _ => return Err(wrong("unknown kind of default")),
        };
        let number = names.len();
        names.push(default.get_item(1)?);
        read_defaults.push(Default { node, name: string(default, 1)?, number, value });
    }
    let class = match class.is_none() {
        true => None,
        false => Some(Class::new(class.cast::<PyType>()?, &names)?),
    };
    let template = record.get_item(4)?;
    Ok(Record {
        class,
        is_recursive: flag(record, 1)?,
        fields: read_fields,
        defaults: read_defaults,
        template: match template.is_none() {
            true => None,
            false => Some(Own::from_bound(template.cast_exact::<PyDict>()?)),
        },
        only_fields: flag(record, 5)?,
    })
}

/// Return a decimal's scale, if its texts are made here.
pub fn short_scale(scale: i64) -> Result<usize> {
    usize::try_from(scale).ok().filter(|scale| *scale <= MOST_PLACES).ok_or(Unusual)
}

impl Types {
    /// Return the position of the branch for a value's exact type.
    #[inline(always)]
    pub fn branch(&self, value: Brief<'_>) -> Result<u32> {
        let found = self.numbers.get(value.type_address()).ok_or(Unusual)?;
        match self.int_and_long {
            Some((int, long)) if found == int => {
                let number = value.long()?;
                Ok(if number == i64::from(number as i32) { int } else { long })
            }
            _ => Ok(found),
        }
    }
}
