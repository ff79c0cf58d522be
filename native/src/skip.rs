//! Data that are skipped: only the bytes that lead to their end are checked.
#![forbid(unsafe_code)]

use crate::bytes::{Reader, Result, Unusual};
use crate::plan::{Depth, Kind, Node, Plan};

impl Plan {
    pub fn skip(&self, node: &Node, reader: &mut Reader<'_>, depth: Depth) -> Result<()> {
        match &node.kind {
            Kind::Skip { inner } => self.skip(self.node(*inner)?, reader, depth),
            Kind::Null => Ok(()),
            Kind::Boolean => reader.take(1).map(drop),
            Kind::Integer { wide } => reader.integer(*wide).map(drop),
            Kind::Enum { .. } | Kind::Symbols { .. } => reader.int().map(drop),
            Kind::Double => reader.take(8).map(drop),
            Kind::Float => reader.take(4).map(drop),
            Kind::Bytes | Kind::Str => reader.span().map(drop),
            Kind::Fixed { size, .. } => reader.take(*size).map(drop),
            Kind::Nullable { null, inner, .. } => match reader.index()? {
                branch if branch == usize::from(*null) => Ok(()),
                0 | 1 => self.skip(self.node(*inner)?, reader, depth.deeper()?),
                _ => Err(Unusual),
            },
            Kind::Union { branches, .. } => {
                let inner = *branches.get(reader.index()?).ok_or(Unusual)?;
                self.skip(self.node(inner)?, reader, depth.deeper()?)
            }
            Kind::Call { record } => {
                let record = self.record(*record)?;
                let depth = depth.in_record(record.is_recursive)?;
                for field in &record.fields {
                    self.skip(self.node(field.node)?, reader, depth)?;
                }
                Ok(())
            }
            Kind::Array { item, least } => self.skip_blocks(*item, *least, false, reader, depth),
            Kind::Map { value, least } => self.skip_blocks(*value, *least, true, reader, depth),
            _ => Err(Unusual),
        }
    }

    /// Skip blocks: as a whole if they have their size, else item by item.
    fn skip_blocks(
        &self,
        inner: usize,
        least: usize,
        has_keys: bool,
        reader: &mut Reader<'_>,
        depth: Depth,
    ) -> Result<()> {
        let (inner, depth) = (self.node(inner)?, depth.deeper()?);
        loop {
            match reader.block(least)? {
                (0, _) => return Ok(()),
                (_, Some(size)) => drop(reader.take(size)?),
                (count, None) => {
                    for _ in 0..count {
                        if has_keys {
                            reader.span()?;
                        }
                        self.skip(inner, reader, depth)?;
                    }
                }
            }
        }
    }
}
