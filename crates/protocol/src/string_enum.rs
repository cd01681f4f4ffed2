//! Macros for open enums. An open enum can also contain values that the model does not list. It serializes
//! these values unchanged. <https://smithy.io/2.0/spec/simple-types.html#enum>

/// Implements `Debug`, conversions and serde traits for a generated `struct Name(Cow<'static, str>)`. The
/// struct must have a constant `VALUES`. The second argument is `shown` if `Debug` prints the value, or
/// `redacted` if `Debug` hides it.
#[macro_export]
macro_rules! string_enum {
    ($name:ident, $debug:ident) => {
        $crate::debug_enum!($name, $debug);

        impl $name {
            /// Returns the value as it appears on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns `true` if the model lists the value.
            pub fn is_known(&self) -> bool {
                Self::VALUES.contains(self)
            }
        }

        impl From<$name> for ::std::borrow::Cow<'static, str> {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                let known = Self::VALUES.iter().find(|known| known.as_str() == value);
                known.cloned().unwrap_or_else(|| Self(value.to_owned().into()))
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                let known = Self::VALUES.iter().find(|known| known.as_str() == value);
                known.cloned().unwrap_or_else(|| Self(value.into()))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> Result<Self, ::std::convert::Infallible> {
                Ok(Self::from(value))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as ::serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

/// Implements `Debug` and conversions for a generated `struct Name(i32)`. The arguments have the same meaning
/// as in [`string_enum!`].
#[macro_export]
macro_rules! int_enum {
    ($name:ident, $debug:ident) => {
        $crate::debug_enum!($name, $debug);

        impl From<i32> for $name {
            fn from(value: i32) -> Self {
                Self(value)
            }
        }

        impl From<$name> for i32 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::num::ParseIntError;

            fn from_str(value: &str) -> Result<Self, ::std::num::ParseIntError> {
                value.parse().map(Self)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

/// Implements `Debug` for a generated enum.
#[doc(hidden)]
#[macro_export]
macro_rules! debug_enum {
    ($name:ident, shown) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    };
    ($name:ident, redacted) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&$crate::Redacted).finish()
            }
        }
    };
}
