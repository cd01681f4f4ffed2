//! Prints the table of partitions, and the function that returns the partition of a region.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::partitions::{Partition, Partitions};

pub(super) fn partition(partitions: &Partitions) -> TokenStream {
    let rows = partitions.partitions.iter().map(row);
    let count = Literal::usize_unsuffixed(partitions.partitions.len());
    quote! {
        /// A group of AWS regions that share DNS suffixes and accounts, such as `aws` or `aws-cn`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Partition {
            /// Name in ARNs: `aws`, `aws-cn`, ...
            pub name: &'static str,
            /// DNS suffix of endpoints.
            pub dns_suffix: &'static str,
            /// DNS suffix of dual-stack endpoints, which support IPv6.
            pub dual_stack_dns_suffix: &'static str,
            /// Region in signatures of global services.
            pub implicit_global_region: &'static str,
            /// `true` if there are FIPS endpoints.
            pub supports_fips: bool,
            /// `true` if there are dual-stack endpoints.
            pub supports_dual_stack: bool,
            regions: &'static [&'static str],
            prefixes: &'static [&'static str],
        }

        /// Returns the partition that lists the region. If no partition lists the region, returns the first
        /// partition whose naming pattern matches. If none matches, returns the first partition of the table.
        /// <https://smithy.io/2.0/aws/rules-engine/library-functions.html#aws-partition-function>
        pub fn partition(region: &str) -> &'static Partition {
            let listed = PARTITIONS.iter().find(|partition| partition.regions.contains(&region));
            let matching = || PARTITIONS.iter().find(|partition| partition.matches(region));
            listed.or_else(matching).unwrap_or(&PARTITIONS[0])
        }

        /// All partitions.
        pub const PARTITIONS: &[Partition; #count] = &[#(#rows),*];

        impl Partition {
            /// Returns the listed regions, including pseudo-regions such as `aws-global`.
            pub fn regions(&self) -> &'static [&'static str] {
                self.regions
            }

            /// Returns `true` if the region has the form `prefix-word-number`, such as `us-east-1`. The partition
            /// must list the prefix.
            fn matches(&self, region: &str) -> bool {
                self.prefixes.iter().any(|prefix| {
                    let rest = region.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
                    rest.and_then(|rest| rest.split_once('-')).is_some_and(|(word, number)| {
                        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                        let (word, number) = (word.as_bytes(), number.as_bytes());
                        !word.is_empty()
                            && word.iter().copied().all(is_word)
                            && !number.is_empty()
                            && number.iter().all(u8::is_ascii_digit)
                    })
                })
            }
        }
    }
}

fn row(partition: &Partition) -> TokenStream {
    let Partition {
        id,
        dns_suffix,
        dual_stack_dns_suffix,
        implicit_global_region,
        supports_fips,
        supports_dual_stack,
        region_prefixes,
        regions,
    } = partition;
    quote! {
        Partition {
            name: #id,
            dns_suffix: #dns_suffix,
            dual_stack_dns_suffix: #dual_stack_dns_suffix,
            implicit_global_region: #implicit_global_region,
            supports_fips: #supports_fips,
            supports_dual_stack: #supports_dual_stack,
            regions: &[#(#regions),*],
            prefixes: &[#(#region_prefixes),*],
        }
    }
}
