//! The answers of a recording, for a served agent that answers as another one did.

use agent_sim::Recorded;
use agent_tap::Answers;

/// A recording's answers, for the simulated agent.
#[derive(Debug)]
pub(crate) struct FromRecording(pub(crate) Answers);

impl Recorded for FromRecording {
    fn rpcs(&self) -> Vec<(String, String, bool)> {
        let owned = |(service, method, is_stream): (&str, &str, bool)| {
            (service.to_owned(), method.to_owned(), is_stream)
        };
        self.0.rpcs().map(owned).collect()
    }

    fn answer(&mut self, service: &str, method: &str, request: &[u8]) -> agent_sim::Answer {
        let answer = self.0.answer(service, method, request);
        let passed = answer.passed.into_iter().map(|passed| match passed {
            agent_tap::Passed::FromClient => agent_sim::Passed::FromClient,
            agent_tap::Passed::FromAgent(payload) => agent_sim::Passed::FromAgent(payload),
        });
        agent_sim::Answer {
            passed: passed.collect(),
            turn: answer.turn.map(|turn| agent_sim::Turn {
                after: turn.after,
                at_most: turn.at_most,
            }),
            end: answer.end.map(|end| match end {
                agent_tap::Ending::Stream => agent_sim::Ending::Stream,
                agent_tap::Ending::Response(status, payload) => agent_sim::Ending::Response {
                    code: status.code,
                    message: status.message,
                    details: status
                        .details
                        .into_iter()
                        .map(|detail| (detail.type_url, detail.value.0))
                        .collect(),
                    payload,
                },
            }),
        }
    }

    fn has_come(&self, call: usize) -> bool {
        self.0.has_come(call)
    }

    fn begin_anew(&mut self) {
        self.0.begin_anew();
    }
}
