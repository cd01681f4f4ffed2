//! The padding of events.

use std::collections::BTreeSet;

use crate::stream::padding;

#[test]
fn uses_every_length_before_one_repeats() {
    let lengths: BTreeSet<_> = (0..62).map(|position| padding(position).len()).collect();
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), (1..=62).collect::<Vec<_>>());
    assert_eq!(padding(62), padding(0));
    assert_eq!(padding(u64::MAX).len(), padding(u64::MAX % 62).len());
}
