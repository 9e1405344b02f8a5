//! The graph of a work item's sessions: each points to the one it follows. It only grows; replacing a session adds
//! a child. People act on leaves alone.

use crate::ids::SessionId;
use crate::session::SessionKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// What a session is for, as far as the graph tells kinds apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Writes the plan.
    Planning,
    /// Carries out one sub-plan.
    Implementation,
    /// Judges one candidate.
    Review,
    /// Answers questions; stands alone.
    Foreman,
    /// A person's own; stands outside the graph.
    Manual,
}

impl From<SessionKind> for NodeKind {
    fn from(kind: SessionKind) -> Self {
        match kind {
            SessionKind::Planning => Self::Planning,
            SessionKind::Implementation => Self::Implementation,
            SessionKind::Review => Self::Review,
            SessionKind::Foreman => Self::Foreman,
        }
    }
}

/// How a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It has not ended.
    Open,
    /// It did what it was for.
    Completed,
    /// It ended in an error.
    Failed,
    /// It was stopped or lost.
    Interrupted,
}

/// One session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionNode {
    /// Its id.
    pub id: SessionId,
    /// What it is for.
    pub kind: NodeKind,
    /// The repository of its sub-plan; none for planning and the Foreman.
    pub repository: Option<String>,
    /// The session it follows.
    pub parent: Option<SessionId>,
    /// How it stands.
    pub state: NodeState,
}

/// A session that is about to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NewSession<'a> {
    /// Planning: for the first time, again, with feedback, or resumed.
    Planning,
    /// Implementation of a sub-plan, first or again.
    Implementation {
        /// The repository.
        repository: &'a str,
    },
    /// Implementation of what a review found.
    Reimplementation {
        /// The review.
        review: SessionId,
    },
    /// What a person resumes, retries or follows up.
    ActingOn {
        /// The session acted on.
        leaf: SessionId,
    },
    /// Review of an implementation.
    Review {
        /// The implementation.
        implementation: SessionId,
    },
    /// A person's own session.
    Manual,
    /// The Foreman.
    Foreman,
}

/// Why the graph refuses something.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum GraphError {
    /// No such session.
    #[error("there is no session {0}")]
    Unknown(SessionId),
    /// It is there already.
    #[error("session {0} is in the graph already")]
    Repeated(SessionId),
    /// Somebody went on from it.
    #[error("session {session} is not the last of its line; act on {newest} instead")]
    NotALeaf {
        /// The session.
        session: SessionId,
        /// A leaf that follows from it.
        newest: SessionId,
    },
    /// Manual sessions and the Foreman stand alone.
    #[error("session {0} stands outside the graph: it follows nothing and nothing follows it")]
    Outside(SessionId),
    /// The parent works on another sub-plan.
    #[error(
        "session {child} and session {parent} work on different sub-plans, so one can't follow the other"
    )]
    OtherSubPlan {
        /// The child.
        child: SessionId,
        /// The parent.
        parent: SessionId,
    },
    /// It is of another kind than needed.
    #[error("session {session} is no {wanted} session")]
    WrongKind {
        /// The session.
        session: SessionId,
        /// The kind needed.
        wanted: &'static str,
    },
    /// A review has no completed implementation to judge.
    #[error("review {0} follows no completed implementation")]
    NoSubject(SessionId),
}

/// The sessions of one work item, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SessionGraph {
    nodes: Vec<SessionNode>,
}

impl SessionGraph {
    /// The graph of these sessions, in the order in which they were made.
    ///
    /// # Errors
    /// The first session that does not fit, see [`Self::add`].
    pub fn new(nodes: impl IntoIterator<Item = SessionNode>) -> Result<Self, GraphError> {
        let mut graph = Self::default();
        for node in nodes {
            graph.add(node)?;
        }
        Ok(graph)
    }

    /// Appends a session. As a parent must be there before its child, the graph has no cycles.
    ///
    /// # Errors
    /// When its id is taken, its parent unknown, outside the graph or of another sub-plan, or when it stands outside
    /// and has a parent.
    pub fn add(&mut self, node: SessionNode) -> Result<(), GraphError> {
        if self.get(node.id).is_some() {
            return Err(GraphError::Repeated(node.id));
        }
        if let Some(id) = node.parent {
            let parent = self.get(id).ok_or(GraphError::Unknown(id))?;
            for outsider in [&node, parent] {
                if stands_alone(outsider.kind) {
                    return Err(GraphError::Outside(outsider.id));
                }
            }
            if parent.repository != node.repository {
                return Err(GraphError::OtherSubPlan { child: node.id, parent: id });
            }
        }
        self.nodes.push(node);
        Ok(())
    }

    /// The session of this id.
    pub fn get(&self, id: SessionId) -> Option<&SessionNode> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// All sessions, oldest first.
    pub fn nodes(&self) -> &[SessionNode] {
        &self.nodes
    }

    /// The sessions that people may act on, oldest first. Manual sessions are none. In a line (same kind, same
    /// sub-plan) with parents or children, all without a child are leaves; in one without any edge, the newest.
    pub fn leaves(&self) -> Vec<&SessionNode> {
        let nodes: Vec<&SessionNode> =
            self.nodes.iter().filter(|node| node.kind != NodeKind::Manual).collect();
        let parents: BTreeSet<SessionId> = nodes.iter().filter_map(|node| node.parent).collect();
        let mut lines: BTreeMap<(NodeKind, Option<&str>), Vec<&SessionNode>> = BTreeMap::new();
        for node in &nodes {
            lines.entry((node.kind, node.repository.as_deref())).or_default().push(node);
        }
        let mut leaves = BTreeSet::new();
        for line in lines.values() {
            if line.iter().any(|node| node.parent.is_some() || parents.contains(&node.id)) {
                leaves.extend(line.iter().filter(|node| !parents.contains(&node.id)).map(|node| node.id));
            } else {
                leaves.extend(line.last().map(|node| node.id));
            }
        }
        nodes.into_iter().filter(|node| leaves.contains(&node.id)).collect()
    }

    /// Whether people may act on this session.
    pub fn is_leaf(&self, id: SessionId) -> bool {
        self.leaves().iter().any(|leaf| leaf.id == id)
    }

    /// The failed leaves.
    pub fn retryable(&self) -> Vec<SessionId> {
        self.leaves_in(NodeState::Failed)
    }

    /// The interrupted leaves.
    pub fn resumable(&self) -> Vec<SessionId> {
        self.leaves_in(NodeState::Interrupted)
    }

    fn leaves_in(&self, state: NodeState) -> Vec<SessionId> {
        self.leaves().into_iter().filter(|leaf| leaf.state == state).map(|leaf| leaf.id).collect()
    }

    /// Which session a new one follows.
    ///
    /// # Errors
    /// When a session named is unknown, of the wrong kind, or no leaf where one is needed.
    pub fn parent_of(&self, new: NewSession<'_>) -> Result<Option<SessionId>, GraphError> {
        match new {
            NewSession::Manual | NewSession::Foreman => Ok(None),
            NewSession::Planning => Ok(self.newest(|node| node.kind == NodeKind::Planning)),
            NewSession::Implementation { repository } => Ok(self
                .newest(|node| !stands_alone(node.kind) && node.repository.as_deref() == Some(repository))),
            NewSession::Reimplementation { review } => {
                self.of_kind(review, NodeKind::Review, "review").map(|node| Some(node.id))
            }
            NewSession::ActingOn { leaf } => self.acting_on(leaf),
            NewSession::Review { implementation } => {
                let subject = self.of_kind(implementation, NodeKind::Implementation, "implementation")?;
                // What failed or was interrupted since then is replaced, so that it stops being a leaf.
                let stale = self.leaves().into_iter().rev().find(|leaf| {
                    leaf.repository == subject.repository
                        && !stands_alone(leaf.kind)
                        && matches!(leaf.state, NodeState::Failed | NodeState::Interrupted)
                });
                Ok(Some(stale.map_or(subject.id, |leaf| leaf.id)))
            }
        }
    }

    fn newest(&self, wanted: impl Fn(&SessionNode) -> bool) -> Option<SessionId> {
        self.nodes.iter().rev().find(|node| wanted(node)).map(|node| node.id)
    }

    fn of_kind(
        &self,
        id: SessionId,
        kind: NodeKind,
        wanted: &'static str,
    ) -> Result<&SessionNode, GraphError> {
        let node = self.get(id).ok_or(GraphError::Unknown(id))?;
        if node.kind == kind { Ok(node) } else { Err(GraphError::WrongKind { session: id, wanted }) }
    }

    fn acting_on(&self, id: SessionId) -> Result<Option<SessionId>, GraphError> {
        let node = self.get(id).ok_or(GraphError::Unknown(id))?;
        if stands_alone(node.kind) {
            return Err(GraphError::Outside(id));
        }
        if self.is_leaf(id) {
            return Ok(Some(id));
        }
        let newest = self
            .leaves()
            .into_iter()
            .rev()
            .find(|leaf| self.ancestors(leaf.id).any(|ancestor| ancestor.id == id))
            .or_else(|| {
                let same = |leaf: &&SessionNode| leaf.kind == node.kind && leaf.repository == node.repository;
                self.leaves().into_iter().rev().find(same)
            })
            .map_or(id, |leaf| leaf.id);
        Err(GraphError::NotALeaf { session: id, newest })
    }

    /// A session and all it follows from, newest first.
    fn ancestors(&self, id: SessionId) -> impl Iterator<Item = &SessionNode> {
        std::iter::successors(self.get(id), |node| self.get(node.parent?))
    }

    /// The implementation that a review judges: the first one on its way up, past other reviews.
    ///
    /// # Errors
    /// When the session is unknown or no review, or there is no such implementation, or it is not completed.
    pub fn subject_of(&self, review: SessionId) -> Result<SessionId, GraphError> {
        self.of_kind(review, NodeKind::Review, "review")?;
        self.ancestors(review)
            .find(|node| node.kind != NodeKind::Review)
            .filter(|node| node.kind == NodeKind::Implementation && node.state == NodeState::Completed)
            .map(|node| node.id)
            .ok_or(GraphError::NoSubject(review))
    }
}

fn stands_alone(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Manual | NodeKind::Foreman)
}

#[cfg(test)]
mod tests;
