//! A network from a scenario, on which a test's own programs run.

use wirelab_scenario::Run;
use wirelab_scenario::{Diagnostics, Scenario};
use wirelab_sim::{Limits, Outcome, World};
use wirelab_stack::application::AppError;
use wirelab_stack::frame::NodeId;
use wirelab_stack::time::Instant;

/// When programs start that are no services: a link can be so fast that they would be there before these listen.
const START: Instant = Instant::from_millis(10);

/// A network, with the programs that a test runs on it.
pub struct Testbed {
    run: Run,
}

impl Testbed {
    /// The network of a scenario file's text, such as a [`Case`](super::Case) prints, with its seed.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn new(text: &str) -> Result<Self, Diagnostics> {
        let scenario = Scenario::from_text("case.toml", text, &[])?;
        Ok(Self { run: scenario.build(scenario.seed()) })
    }

    /// The number of the host of that name.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn host(&self, name: &str) -> NodeId {
        let world = self.run.world();
        let named = |node: &NodeId| world.host(*node).is_some_and(|host| host.name() == name);
        world.node_ids().find(named).unwrap_or_else(|| panic!("there is no host `{name}`"))
    }

    /// Runs a program on a host. It starts 10 ms after the beginning, when services listen; the run waits for it.
    ///
    /// # Panics
    /// When there is no such host.
    #[track_caller]
    pub fn spawn(
        &mut self,
        host: &str,
        name: &str,
        program: impl Future<Output = Result<(), AppError>> + 'static,
    ) {
        let node = self.host(host);
        self.world().spawn(node, name, START, program);
    }

    /// Runs a program in the background each time that a host starts. `program` makes it anew each time.
    ///
    /// # Panics
    /// When there is no such host.
    #[track_caller]
    pub fn service<F>(&mut self, host: &str, name: &str, program: impl FnMut() -> F + 'static)
    where
        F: Future<Output = Result<(), AppError>> + 'static,
    {
        let node = self.host(host);
        self.world().spawn_service(node, name, Instant::ZERO, program);
    }

    /// The world, for all else: changes, recorders, files, clocks.
    pub fn world(&mut self) -> &mut World {
        self.run.world_mut()
    }

    /// Runs until all programs have ended.
    pub fn run(&mut self) -> Outcome {
        self.world().run(Limits::default(), &mut |_| {})
    }

    /// Runs until all programs have ended, and ended well.
    ///
    /// # Panics
    /// When the run ends otherwise, or when a program fails; not when one in the background ends because its host crashes.
    #[track_caller]
    pub fn finish(&mut self) {
        self.world().finish();
    }
}
