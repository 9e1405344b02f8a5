//! Where the daemon may die: a name for each side of each thing it does.

use crate::random::Random;

/// All kill points.
pub const POINTS: &[&str] = &[
    "before_append",
    "after_append",
    "before_run",
    "after_run",
    "before_withdraw",
    "after_withdraw",
    "before_report",
    "after_report",
    "before_host_write",
    "after_host_write",
    "before_attach",
    "after_attach",
    "before_wire",
    "after_wire",
    "before_sync",
    "before_send",
    "after_send",
    "before_receipt",
    "after_receipt",
    "before_reply",
    "after_reply",
    "before_resolve",
    "after_resolve",
    "before_spawn",
    "after_spawn",
    "before_reload",
    "after_reload",
    "before_timer",
    "before_act",
    "after_act",
];

/// One planned death: at which point, at which visit of it.
#[derive(Clone, Debug)]
struct Planned {
    point: &'static str,
    left: u64,
}

/// The deaths of one life, drawn in advance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    planned: Vec<Planned>,
}

impl Plan {
    pub(crate) fn draw(random: &mut Random, count: u64) -> Self {
        let planned = (0..count).filter_map(|_| {
            let point = *random.pick(POINTS)?;
            let far = *random.pick(&[3, 20, 120])?;
            Some(Planned { point, left: random.within(1, far) })
        });
        Self { planned: planned.collect() }
    }

    /// Whether the daemon dies on this visit.
    pub(crate) fn dies(&mut self, point: &str) -> bool {
        let mut dies = false;
        for planned in &mut self.planned {
            if planned.point == point && planned.left > 0 {
                planned.left -= 1;
                dies |= planned.left == 0;
            }
        }
        dies
    }
}
