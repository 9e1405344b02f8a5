use super::*;
use crate::ids::IdSource;
use NodeState::{Completed, Failed, Interrupted, Open};

fn id(n: u64) -> SessionId {
    SessionId::new(IdSource::seeded("graph", n, n).ulid())
}

fn node(
    n: u64,
    kind: NodeKind,
    repository: Option<&str>,
    parent: Option<u64>,
    state: NodeState,
) -> SessionNode {
    SessionNode { id: id(n), kind, repository: repository.map(str::to_owned), parent: parent.map(id), state }
}

fn implementation(n: u64, parent: Option<u64>, state: NodeState) -> SessionNode {
    node(n, NodeKind::Implementation, Some("api"), parent, state)
}

fn review(n: u64, parent: u64, state: NodeState) -> SessionNode {
    node(n, NodeKind::Review, Some("api"), Some(parent), state)
}

fn graph(nodes: &[SessionNode]) -> SessionGraph {
    SessionGraph::new(nodes.to_vec()).unwrap()
}

fn leaves(graph: &SessionGraph) -> Vec<SessionId> {
    graph.leaves().iter().map(|leaf| leaf.id).collect()
}

#[test]
fn every_kind_of_session_has_its_place_in_the_graph() {
    use crate::session::SessionKind;
    for (kind, place) in
        [(SessionKind::Planning, NodeKind::Planning), (SessionKind::Implementation, NodeKind::Implementation)]
    {
        assert_eq!(NodeKind::from(kind), place);
        assert_eq!(serde_json::to_value(kind).unwrap(), serde_json::to_value(place).unwrap());
    }
}

#[test]
fn leaves_are_the_sessions_that_nothing_follows() {
    let line = graph(&[
        implementation(1, None, Completed),
        review(2, 1, Completed),
        implementation(3, Some(2), Failed),
        node(4, NodeKind::Planning, None, None, Completed),
        node(5, NodeKind::Implementation, Some("web"), None, Interrupted),
    ]);
    assert_eq!(leaves(&line), [id(3), id(4), id(5)]);
    assert_eq!(line.retryable(), [id(3)]);
    assert_eq!(line.resumable(), [id(5)]);
    assert!(line.is_leaf(id(3)) && !line.is_leaf(id(1)));
}

#[test]
fn of_a_line_without_edges_only_the_newest_is_a_leaf() {
    let line = graph(&[implementation(1, None, Failed), implementation(2, None, Open)]);
    assert_eq!(leaves(&line), [id(2)]);
    let branched = graph(&[
        implementation(1, None, Failed),
        implementation(2, Some(1), Failed),
        implementation(3, Some(1), Open),
        implementation(4, None, Open),
    ]);
    assert_eq!(leaves(&branched), [id(2), id(3), id(4)]);
}

#[test]
fn manual_sessions_are_no_leaves_and_no_children() {
    let line = graph(&[
        implementation(1, None, Interrupted),
        node(2, NodeKind::Manual, Some("api"), None, Open),
        node(3, NodeKind::Foreman, None, None, Open),
    ]);
    assert_eq!(leaves(&line), [id(1), id(3)]);
    assert_eq!(line.parent_of(NewSession::Implementation { repository: "api" }), Ok(Some(id(1))));
    assert_eq!(line.parent_of(NewSession::ActingOn { leaf: id(2) }), Err(GraphError::Outside(id(2))));
}

#[test]
fn a_new_session_follows_what_it_goes_on_from() {
    let line = graph(&[
        node(1, NodeKind::Planning, None, None, Interrupted),
        implementation(2, None, Completed),
        review(3, 2, Completed),
    ]);
    for (new, parent) in [
        (NewSession::Planning, Some(1)),
        (NewSession::Implementation { repository: "web" }, None),
        (NewSession::Implementation { repository: "api" }, Some(3)),
        (NewSession::Reimplementation { review: id(3) }, Some(3)),
        (NewSession::Review { implementation: id(2) }, Some(2)),
        (NewSession::ActingOn { leaf: id(3) }, Some(3)),
        (NewSession::Manual, None),
        (NewSession::Foreman, None),
    ] {
        assert_eq!(line.parent_of(new), Ok(parent.map(id)), "{new:?}");
    }
    assert_eq!(SessionGraph::default().parent_of(NewSession::Planning), Ok(None));
}

#[test]
fn a_review_replaces_what_failed_or_was_interrupted_since() {
    let retried = graph(&[implementation(1, None, Completed), review(2, 1, Interrupted)]);
    assert_eq!(retried.parent_of(NewSession::Review { implementation: id(1) }), Ok(Some(id(2))));
    let stale = graph(&[
        implementation(1, None, Completed),
        review(2, 1, Completed),
        implementation(3, Some(2), Failed),
        node(4, NodeKind::Implementation, Some("web"), None, Failed),
    ]);
    assert_eq!(stale.parent_of(NewSession::Review { implementation: id(1) }), Ok(Some(id(3))));
}

#[test]
fn people_act_on_leaves_alone() {
    let line = graph(&[
        implementation(1, None, Failed),
        implementation(2, Some(1), Failed),
        implementation(3, Some(2), Failed),
    ]);
    let refusal = line.parent_of(NewSession::ActingOn { leaf: id(1) }).unwrap_err();
    assert_eq!(refusal, GraphError::NotALeaf { session: id(1), newest: id(3) });
    assert!(refusal.to_string().contains(&id(3).to_string()));
    let loose = graph(&[implementation(1, None, Failed), implementation(2, None, Failed)]);
    let refusal = loose.parent_of(NewSession::ActingOn { leaf: id(1) });
    assert_eq!(refusal, Err(GraphError::NotALeaf { session: id(1), newest: id(2) }));
    assert_eq!(loose.parent_of(NewSession::ActingOn { leaf: id(9) }), Err(GraphError::Unknown(id(9))));
}

#[test]
fn the_graph_takes_only_sessions_that_fit() {
    let mut line = graph(&[
        implementation(1, None, Completed),
        node(2, NodeKind::Manual, Some("api"), None, Open),
        node(3, NodeKind::Implementation, Some("web"), None, Open),
    ]);
    for (bad, error) in [
        (implementation(1, None, Open), GraphError::Repeated(id(1))),
        (implementation(4, Some(9), Open), GraphError::Unknown(id(9))),
        (implementation(4, Some(4), Open), GraphError::Unknown(id(4))),
        (implementation(4, Some(2), Open), GraphError::Outside(id(2))),
        (node(4, NodeKind::Foreman, None, Some(1), Open), GraphError::Outside(id(4))),
        (implementation(4, Some(3), Open), GraphError::OtherSubPlan { child: id(4), parent: id(3) }),
    ] {
        assert_eq!(line.add(bad), Err(error));
    }
    assert_eq!(line.nodes().len(), 3);
}

#[test]
fn a_review_judges_the_implementation_above_it() {
    let line = graph(&[
        implementation(1, None, Completed),
        review(2, 1, Failed),
        review(3, 2, Open),
        implementation(4, Some(3), Failed),
        review(5, 4, Open),
    ]);
    assert_eq!(line.subject_of(id(3)), Ok(id(1)));
    assert_eq!(line.subject_of(id(5)), Err(GraphError::NoSubject(id(5))));
    assert_eq!(line.subject_of(id(1)), Err(GraphError::WrongKind { session: id(1), wanted: "review" }));
    assert_eq!(line.subject_of(id(9)), Err(GraphError::Unknown(id(9))));
    let lone = graph(&[node(1, NodeKind::Review, Some("api"), None, Open)]);
    assert_eq!(lone.subject_of(id(1)), Err(GraphError::NoSubject(id(1))));
}
