//! network.
/// Knobs.
#[derive(Clone, Debug)]
pub struct Knobs {}

#[allow(missing_docs)]
impl Knobs {
    pub fn rfc() -> Self {
        Self {}
    }
    pub fn linux() -> Self {
        Self {}
    }
    pub fn freebsd() -> Self {
        Self {}
    }
}
