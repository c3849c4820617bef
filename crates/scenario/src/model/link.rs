//! Links and their stages.

use schemars::{Schema, SchemaGenerator, json_schema};

use crate::document::{Kind, Node};
use crate::read::{At, List, Name, Read, Reader, choice, record};
use crate::units::{End, Percent, QueueLimit, Rate, Span};

record! {
    /// A link between two interfaces. Its settings hold for both directions.
    pub struct Link ("a link") {
        /// Its name.
        name: required Name,
        /// The two interfaces that it connects, such as `["client.eth0", "server.eth0"]`.
        between: required List<End>,
        /// What both directions do to frames.
        settings: flatten Settings,
        /// Settings of the direction from the first interface to the second, where they differ.
        forward: optional Settings,
        /// Settings of the direction from the second interface to the first, where they differ.
        backward: optional Settings,
    }
}

record! {
    /// A link without name and ends: what it does to frames.
    pub struct Wire ("a wire") {
        /// What both directions do to frames.
        settings: flatten Settings,
        /// Settings of the direction from the first end to the second, where they differ.
        forward: optional Settings,
        /// Settings of the direction from the second end to the first, where they differ.
        backward: optional Settings,
    }
}

record! {
    /// What a direction of a link does to frames.
    pub struct Settings ("a direction of a link") {
        /// The longest IP packet that gets through, in octets.
        mtu: optional u16,
        /// How fast the link sends: a frame takes its length divided by this.
        rate: optional Rate,
        /// How many frames, or octets, may wait while one is being sent; needs `rate`.
        queue: optional QueueLimit,
        /// Which frames are lost.
        loss: optional Loss,
        /// Which frames have bits flipped.
        corrupt: optional Corrupt,
        /// The share of frames that arrive twice.
        duplicate: optional Percent,
        /// How long a frame is on its way.
        delay: optional Span,
        /// By how much the delay varies; frames keep their order unless `reorder` is set.
        jitter: optional Span,
        /// How the jitter is distributed; `uniform` where left out.
        distribution: optional Distribution,
        /// Which frames overtake others.
        reorder: optional Reorder,
        /// The order of the stages; mtu, queue, loss, corrupt, duplicate, delay, reorder where left out.
        stages: optional List<StageName>,
    }
}

choice! {
    /// How jitter is distributed.
    pub enum Distribution ("distribution") {
        /// Each value between −jitter and +jitter alike.
        Uniform = "uniform",
        /// The normal distribution with jitter as its standard deviation.
        Normal = "normal",
        /// The Pareto distribution: mostly short, sometimes very long.
        Pareto = "pareto",
    }
}

choice! {
    /// A stage of a link.
    pub enum StageName ("stage") {
        /// Drops what is too long.
        Mtu = "mtu",
        /// Sends at `rate`, and lets frames wait.
        Queue = "queue",
        /// Loses frames.
        Loss = "loss",
        /// Flips bits.
        Corrupt = "corrupt",
        /// Sends frames twice.
        Duplicate = "duplicate",
        /// Takes its time.
        Delay = "delay",
        /// Lets frames overtake.
        Reorder = "reorder",
    }
}

choice! {
    /// A direction of a link.
    pub enum DirectionName ("direction") {
        /// From the first of the link's interfaces to the second.
        Forward = "forward",
        /// From the second to the first.
        Backward = "backward",
    }
}

/// Which frames are lost.
#[derive(Clone, Debug)]
pub enum Loss {
    /// Each with the same probability.
    Chance(Percent),
    /// In bursts (Gilbert–Elliott).
    Bursts(Bursts),
    /// Those with these numbers, counted from 1.
    Frames(Vec<u64>),
}

/// A link that is sometimes in a bad state (the model of Gilbert and Elliott).
#[derive(Clone, Copy, Debug)]
pub struct Bursts {
    /// The probability, at each frame, to go from good to bad.
    pub good_to_bad: Percent,
    /// The probability, at each frame, to go from bad to good.
    pub bad_to_good: Percent,
    /// The probability to lose a frame while good.
    pub loss_in_good: Percent,
    /// The probability to lose a frame while bad.
    pub loss_in_bad: Percent,
}

record! {
    /// Which frames are lost: by `chance`, in bursts (Gilbert–Elliott: `good_to_bad`, `bad_to_good`), or the
    /// `frames` with these numbers.
    pub struct LossTable ("a loss") {
        /// The share of frames that are lost.
        chance: optional Percent,
        /// The probability, at each frame, to go from the good state to the bad one.
        good_to_bad: optional Percent,
        /// The probability, at each frame, to go from the bad state to the good one.
        bad_to_good: optional Percent,
        /// The probability to lose a frame in the good state; none where left out.
        loss_in_good: optional Percent,
        /// The probability to lose a frame in the bad state; certainty where left out.
        loss_in_bad: optional Percent,
        /// The numbers of the frames that are lost, counted from 1 as they reach the stage.
        frames: optional List<u64>,
    }
}

const LOSS_FORMS: &str = "one of `chance`, `frames`, or `good_to_bad` with `bad_to_good`";

impl Read for Loss {
    fn expected() -> String {
        "a share such as \"5 %\", or a table: { good_to_bad = \"1 %\", bad_to_good = \"30 %\" } or \
         { frames = [3, 7] }"
            .to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            Kind::Table(_) => Self::from_table(&LossTable::read(reader, node)?, reader, node),
            Kind::List(_) => {
                reader.wrong_kind::<Self>(node);
                None
            }
            _ => Percent::read(reader, node).map(Self::Chance),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let forms = [Percent::schema(generator), LossTable::schema(generator)];
        json_schema!({ "anyOf": forms })
    }
}

impl Loss {
    fn from_table(table: &LossTable, reader: &mut Reader, node: &Node) -> Option<Self> {
        let share = |field: &Option<At<Percent>>, otherwise| field.as_ref().map_or(otherwise, |at| at.value);
        let within = [&table.loss_in_good, &table.loss_in_bad].into_iter().flatten().next();
        match (&table.chance, &table.frames, &table.good_to_bad, &table.bad_to_good) {
            (Some(chance), None, None, None) if within.is_none() => Some(Self::Chance(chance.value)),
            (None, Some(frames), None, None) if within.is_none() => {
                let zero = frames.value.0.iter().find(|number| number.value == 0);
                if let Some(zero) = zero {
                    let problem = zero.problem("there is no frame 0");
                    reader.report(problem.allowed("frame numbers from 1"));
                    return None;
                }
                Some(Self::Frames(frames.value.0.iter().map(|number| number.value).collect()))
            }
            (None, None, Some(good_to_bad), Some(bad_to_good)) => Some(Self::Bursts(Bursts {
                good_to_bad: good_to_bad.value,
                bad_to_good: bad_to_good.value,
                loss_in_good: share(&table.loss_in_good, Percent::NONE),
                loss_in_bad: share(&table.loss_in_bad, Percent::ALL),
            })),
            _ => {
                reader.wrong(node, "these fields do not go together", LOSS_FORMS);
                None
            }
        }
    }
}

record! {
    /// Which frames have bits flipped.
    pub struct CorruptTable ("a corruption") {
        /// The share of frames that are changed.
        chance: required Percent,
        /// How many bits are flipped; 1 where left out.
        bits: optional u32,
        /// Whether the frame check sequence betrays it; yes where left out. With `false` the frame goes up, and
        /// the checksums of IP and TCP are what catches it.
        fcs: optional bool,
    }
}

/// Which frames have bits flipped.
#[derive(Clone, Copy, Debug)]
pub struct Corrupt {
    /// The share of frames.
    pub chance: Percent,
    /// How many bits.
    pub bits: u32,
    /// Whether the frame check sequence betrays it.
    pub fcs: bool,
}

impl Read for Corrupt {
    fn expected() -> String {
        "a share such as \"1 %\", or a table: { chance = \"1 %\", bits = 2, fcs = false }".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            Kind::Table(_) => {
                let table = CorruptTable::read(reader, node)?;
                let bits = table.bits.as_ref().map_or(1, |bits| bits.value);
                if let Some(at) = table.bits.filter(|bits| !(1..=Self::MOST_BITS).contains(&bits.value)) {
                    let problem = at.problem(format!("{bits} bits cannot be flipped"));
                    reader.report(problem.allowed(format!("1 to {} bits", Self::MOST_BITS)));
                    return None;
                }
                Some(Self { chance: table.chance.value, bits, fcs: table.fcs.is_none_or(|fcs| fcs.value) })
            }
            Kind::List(_) => {
                reader.wrong_kind::<Self>(node);
                None
            }
            _ => Percent::read(reader, node).map(|chance| Self { chance, bits: 1, fcs: true }),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let forms = [Percent::schema(generator), CorruptTable::schema(generator)];
        json_schema!({ "anyOf": forms })
    }
}

impl Corrupt {
    /// As many as the shortest frame has.
    const MOST_BITS: u32 = 14 * 8;
}

record! {
    /// Which frames overtake others.
    pub struct ReorderTable ("a reordering") {
        /// The share of frames that are held back, so that others overtake them.
        chance: required Percent,
        /// How long they are held back.
        by: required Span,
    }
}

/// Which frames are held back, so that others overtake them.
#[derive(Clone, Copy, Debug)]
pub struct Reorder {
    /// The share of frames.
    pub chance: Percent,
    /// How long; where left out, the sum of delay and jitter, and at least a millisecond.
    pub by: Option<Span>,
}

impl Read for Reorder {
    fn expected() -> String {
        "a share such as \"5 %\", or a table: { chance = \"5 %\", by = \"10 ms\" }".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            Kind::Table(_) => {
                let table = ReorderTable::read(reader, node)?;
                Some(Self { chance: table.chance.value, by: Some(table.by.value) })
            }
            Kind::List(_) => {
                reader.wrong_kind::<Self>(node);
                None
            }
            _ => Percent::read(reader, node).map(|chance| Self { chance, by: None }),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let forms = [Percent::schema(generator), ReorderTable::schema(generator)];
        json_schema!({ "anyOf": forms })
    }
}
