//! Partitions for the rule function `aws.partition`, with their regions and DNS suffixes.
//! <https://smithy.io/2.0/aws/rules-engine/library-functions.html#aws-partition-function>

use serde::Deserialize;

/// All partitions. An unknown region belongs to the first partition.
#[derive(Clone, Debug, Deserialize)]
pub struct Partitions {
    /// Partitions, in the order in which the search for a region visits them.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Partition {
    /// Name in ARNs, such as `aws` or `aws-cn`.
    pub id: String,
    /// DNS suffix of endpoints.
    pub dns_suffix: String,
    /// DNS suffix of dual-stack endpoints, which support IPv6.
    pub dual_stack_dns_suffix: String,
    /// Region in the signatures of requests to global services.
    pub implicit_global_region: String,
    /// `true` if there are FIPS endpoints.
    pub supports_fips: bool,
    /// `true` if there are dual-stack endpoints.
    pub supports_dual_stack: bool,
    /// Prefixes of region names. A region belongs to the partition if its name has the form
    /// `prefix-word-digits` with one of these prefixes.
    pub region_prefixes: Vec<String>,
    /// Regions of the partition. Their names can have any form.
    pub regions: Vec<String>,
}

impl Partitions {
    /// Parses the text of `model/partitions.json`.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON of this form, or if the list of partitions is empty.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let partitions: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if partitions.partitions.is_empty() {
            Err("the list of partitions is empty".to_owned())
        } else {
            Ok(partitions)
        }
    }
}
