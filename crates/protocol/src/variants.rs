//! The functions of generated unions and events that test or borrow one variant.

/// Implements the functions `is_text` and `as_text` of a generated union, for example for a variant `Text`. Each
/// variant has the form `(Text, is_text, as_text, String)`, or `(Nothing, is_nothing)` if it has no value.
#[macro_export]
macro_rules! variant_methods {
    ($name:ident, [$(($variant:ident, $is:ident $(, $as:ident, $value:ty)?)),* $(,)?]) => {
        impl $name {
            $(
                #[doc = concat!("Returns `true` for the variant [`", stringify!($variant), "`](Self::", stringify!($variant), ").")]
                #[must_use]
                pub fn $is(&self) -> bool {
                    matches!(self, Self::$variant { .. })
                }

                $(
                    #[doc = concat!("Returns the value of the variant [`", stringify!($variant), "`](Self::", stringify!($variant), ").")]
                    ///
                    /// # Errors
                    /// Returns `self` if it has another variant.
                    pub fn $as(&self) -> Result<&$value, &Self> {
                        match self {
                            Self::$variant(value) => Ok(value),
                            _ => Err(self),
                        }
                    }
                )?
            )*

            /// Returns `true` for a variant that the model does not define.
            #[must_use]
            pub fn is_unknown(&self) -> bool {
                matches!(self, Self::Unknown(_))
            }
        }
    };
}
