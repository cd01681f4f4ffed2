//! The macro that defines the builder of a structure.

/// Defines the builder of a structure, and the function `builder` of the structure.
///
/// Generated code passes the members of the structure in the order of the model. Each member has a presence
/// (`required`, `optional` or `default`) and a form:
///
/// | form | setter |
/// |---|---|
/// | `value::<T>` | sets a value |
/// | `into::<T>` | converts a value with `Into`, and sets it |
/// | `list::<T>` | converts an element with `Into`, and appends it |
/// | `map::<K, V>` | converts a key and a value with `Into`, and inserts them as an entry |
///
/// Every member also has a setter that takes an `Option` of the complete value. If the third argument is
/// `fallible`, `build` returns a `Result`. If it is `infallible`, `build` returns the structure.
#[doc(hidden)]
#[macro_export]
macro_rules! builder {
    ($name:ident, $builder:ident, $fallibility:ident, [$($presence:ident(
        $field:ident, $setter:ident, $set:ident, $member:literal, $form:ident::<$($ty:ty),+>, $($words:literal),*
    )),* $(,)?]) => {
        #[doc = concat!("A builder of [`", stringify!($name), "`].")]
        #[derive(Clone, Default, PartialEq)]
        pub struct $builder {
            $($field: Option<$crate::builder_value!($form, $($ty),+)>,)*
        }

        impl $name {
            #[doc = concat!("Creates a builder of `", stringify!($name), "`. The methods of the builder set the members.")]
            pub fn builder() -> $builder {
                $builder::default()
            }
        }

        impl $builder {
            $(
                $crate::builder_setter!($form, $field, $setter, [$($ty),+], $($words)*);

                #[doc = concat!("Sets or unsets `", $member, "`.")]
                #[must_use]
                pub fn $set(mut self, value: Option<$crate::builder_value!($form, $($ty),+)>) -> Self {
                    self.$field = value;
                    self
                }
            )*

            $crate::builder_build!($fallibility, $name, { $($presence $field $member,)* });
        }

        impl ::std::fmt::Debug for $builder {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($builder)).finish_non_exhaustive()
            }
        }
    };
}

/// Returns the type of a member for [`builder!`].
#[doc(hidden)]
#[macro_export]
macro_rules! builder_value {
    (value, $ty:ty) => { $ty };
    (into, $ty:ty) => { $ty };
    (list, $ty:ty) => { Vec<$ty> };
    (map, $key:ty, $value:ty) => { ::std::collections::BTreeMap<$key, $value> };
}

/// Defines the setter of a member for [`builder!`].
#[doc(hidden)]
#[macro_export]
macro_rules! builder_setter {
    (value, $field:ident, $setter:ident, [$ty:ty], $($words:literal)*) => {
        $(#[doc = $words])*
        #[must_use]
        pub fn $setter(mut self, value: $ty) -> Self {
            self.$field = Some(value);
            self
        }
    };
    (into, $field:ident, $setter:ident, [$ty:ty], $($words:literal)*) => {
        $(#[doc = $words])*
        #[must_use]
        pub fn $setter(mut self, value: impl Into<$ty>) -> Self {
            self.$field = Some(value.into());
            self
        }
    };
    (list, $field:ident, $setter:ident, [$ty:ty], $($words:literal)*) => {
        $(#[doc = $words])*
        ///
        /// Appends an element.
        #[must_use]
        pub fn $setter(mut self, element: impl Into<$ty>) -> Self {
            self.$field.get_or_insert_with(Vec::new).push(element.into());
            self
        }
    };
    (map, $field:ident, $setter:ident, [$key:ty, $value:ty], $($words:literal)*) => {
        $(#[doc = $words])*
        ///
        /// Inserts an entry.
        #[must_use]
        pub fn $setter(mut self, key: impl Into<$key>, value: impl Into<$value>) -> Self {
            self.$field.get_or_insert_with(::std::collections::BTreeMap::new).insert(key.into(), value.into());
            self
        }
    };
}

/// Defines `build` for [`builder!`].
#[doc(hidden)]
#[macro_export]
macro_rules! builder_build {
    (fallible, $name:ident, { $($presence:ident $field:ident $member:literal,)* }) => {
        /// Builds the structure.
        ///
        /// # Errors
        /// Returns an error if a required member is not set. The error names this member.
        pub fn build(self) -> Result<$name, $crate::SerializeError> {
            Ok($name { $($field: $crate::builder_member!($presence, $name, self.$field, $field, $member),)* })
        }
    };
    (infallible, $name:ident, { $($presence:ident $field:ident $member:literal,)* }) => {
        /// Builds the structure.
        pub fn build(self) -> $name {
            $name { $($field: $crate::builder_member!($presence, $name, self.$field, $field, $member),)* }
        }
    };
}

/// Returns the value of a member for [`builder!`].
#[doc(hidden)]
#[macro_export]
macro_rules! builder_member {
    (required, $name:ident, $value:expr, $field:ident, $member:literal) => {
        $value.ok_or($crate::SerializeError::new($member, $crate::SerializeErrorKind::Missing))?
    };
    (optional, $name:ident, $value:expr, $field:ident, $member:literal) => {
        $value
    };
    (default, $name:ident, $value:expr, $field:ident, $member:literal) => {
        $value.unwrap_or_else(|| <$name>::default().$field)
    };
}
