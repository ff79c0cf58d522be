//! The native codec of avrogen: plans, walked without Python code.
//!
//! | module | | unsafe |
//! |---|---|---|
//! | `bytes` | Avro's bytes, without Python | forbidden |
//! | `plan` | plans from avrogen | forbidden |
//! | `encode`, `decode`, `skip` | the walkers | forbidden |
//! | `objects` | references, and what is in objects | yes, with the reasons |
//! | `datetimes` | dates and times | yes: the capsule, and layouts |
//! | `function` | callable objects | yes: the type |
//! | `kafka` | consumed messages | yes: what threads may share |

mod bytes;
mod datetimes;
mod decode;
mod encode;
mod function;
mod kafka;
mod objects;
mod plan;
mod skip;

use pyo3::{prelude::*, types::PyTuple};

type Writers<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

#[pyfunction]
fn encoder<'py>(
    plan: &Bound<'py, PyTuple>,
    part: &Bound<'py, PyAny>,
    interpret: &Bound<'py, PyAny>,
    limits: &Bound<'py, PyAny>,
    unusual: &Bound<'py, PyAny>,
    has_options: bool,
) -> PyResult<Bound<'py, PyAny>> {
    function::make(plan, part, interpret, limits, unusual, None, has_options, false)
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn decoder<'py>(
    plan: &Bound<'py, PyTuple>,
    part: &Bound<'py, PyAny>,
    interpret: &Bound<'py, PyAny>,
    limits: &Bound<'py, PyAny>,
    unusual: &Bound<'py, PyAny>,
    has_options: bool,
    writers: Option<Writers<'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    function::make(plan, part, interpret, limits, unusual, writers, has_options, true)
}

#[pymodule]
fn _codec(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    objects::set_up(py)?;
    datetimes::set_up(py)?;
    function::set_up(py)?;
    module.add("PLAN_FORMAT", plan::PLAN_FORMAT)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<kafka::MessageReader>()?;
    module.add_function(wrap_pyfunction!(encoder, module)?)?;
    module.add_function(wrap_pyfunction!(decoder, module)?)
}
