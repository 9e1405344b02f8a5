//! The OpenAPI document, from the routes and the types themselves. `crates/api/openapi.json` is its committed form.

use crate::command::{CommandRequest, CommandResult, NewItem};
use crate::cost::CostReport;
use crate::daemon::{DaemonStatus, StopResult, ToolCallAnswer, ToolCallRequest};
use crate::decision::{Decision, Inbox};
use crate::diff::{DiffView, PathView};
use crate::doctor::DoctorReport;
use crate::error::ErrorBody;
use crate::event::{EventList, FeedEvent};
use crate::item::{ItemDetail, ItemList};
use crate::log::{LogLine, LogList};
use crate::plan::PlanView;
use crate::question::FaqView;
use crate::routes::{
    self, AddressQuery, CostQuery, DecisionsQuery, DiffQuery, EventsQuery, ItemsQuery, LogQuery, PlanQuery,
    SearchQuery,
};
use crate::search::SearchResult;
use crate::workspace::{NewWorkspace, WorkspaceList, WorkspaceView};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Type};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, ToSchema};

/// The OpenAPI 3.1 document of the API.
pub fn document() -> OpenApi {
    let mut api = Collector::default();
    api.add(get("listItems", routes::ITEMS, "List work items").query::<ItemsQuery>().answer::<ItemList>());
    api.add(
        post("createItem", routes::ITEMS, "Create a work item").body::<NewItem>().answer::<CommandResult>(),
    );
    api.add(get("getItem", routes::ITEM, "Show a work item").query::<AddressQuery>().answer::<ItemDetail>());
    api.add(get("getPlan", routes::PLAN, "Show a plan").query::<PlanQuery>().answer::<PlanView>());
    let log = get("getLog", routes::LOG, "Read a transcript");
    api.add(log.query::<LogQuery>().answer::<LogList>().stream::<LogLine>());
    let diff = get("getDiff", routes::DIFF, "Show what changed");
    api.add(diff.query::<DiffQuery>().answer::<DiffView>());
    let path = get("getPath", routes::PATH, "Name a worktree's directory");
    api.add(path.query::<AddressQuery>().answer::<PathView>());
    let faq = get("getFaq", routes::FAQ, "Read the answers that all agents may rely on");
    api.add(faq.query::<AddressQuery>().answer::<FaqView>());
    let command = post("command", routes::COMMANDS, "Have something done with a work item");
    api.add(command.body::<CommandRequest>().answer::<CommandResult>());
    let inbox = get("listDecisions", routes::DECISIONS, "List what waits for a person");
    api.add(inbox.query::<DecisionsQuery>().answer::<Inbox>());
    api.add(get("getDecision", routes::DECISION, "Show a decision").answer::<Decision>());
    let events = get("listEvents", routes::EVENTS, "Read the feed");
    api.add(events.query::<EventsQuery>().answer::<EventList>().stream::<FeedEvent>());
    let cost = get("getCost", routes::COST, "Sum up what agents used");
    api.add(cost.query::<CostQuery>().answer::<CostReport>());
    let search = get("search", routes::SEARCH, "Find texts by their words");
    api.add(search.query::<SearchQuery>().answer::<SearchResult>());
    api.add(get("listWorkspaces", routes::WORKSPACES, "List workspaces").answer::<WorkspaceList>());
    let workspace = post("addWorkspace", routes::WORKSPACES, "Make a workspace known");
    api.add(workspace.body::<NewWorkspace>().answer::<WorkspaceView>());
    let doctor = get("doctor", routes::DOCTOR, "Say what the daemon finds about itself");
    api.add(doctor.query::<AddressQuery>().answer::<DoctorReport>());
    api.add(get("daemonStatus", routes::DAEMON, "Say what the daemon is").answer::<DaemonStatus>());
    api.add(post("stopDaemon", routes::DAEMON_STOP, "Stop the daemon; agents go on").answer::<StopResult>());
    let tool = post("callTool", routes::TOOL_CALLS, "Call one of ganger's tools for a session");
    api.add(tool.body::<ToolCallRequest>().answer::<ToolCallAnswer>());
    let openapi = get("openapi", routes::OPENAPI, "Read this document");
    let anything = ObjectBuilder::new().schema_type(Type::Object).build();
    api.add(openapi.answer_of(Schema::Object(anything).into()));
    api.finish()
}

/// The document as it is committed: indented JSON with a line end.
pub fn document_text() -> String {
    // Serialising into memory fails only for maps with keys that are no strings: the document has none.
    let text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text + "\n"
}

/// The names of the fields that a type has on the wire, sorted: what `--json=FIELDS` may select.
pub fn fields_of<T: ToSchema>() -> Vec<String> {
    let mut schemas = Schemas::new();
    T::schemas(&mut schemas);
    let mut fields = BTreeSet::new();
    collect_fields(&T::schema(), &schemas.into_iter().collect(), &mut fields);
    fields.into_iter().collect()
}

fn collect_fields(
    schema: &RefOr<Schema>,
    schemas: &BTreeMap<String, RefOr<Schema>>,
    fields: &mut BTreeSet<String>,
) {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            if let Some(schema) = schemas.get(name) {
                collect_fields(schema, schemas, fields);
            }
        }
        RefOr::T(Schema::Object(object)) => fields.extend(object.properties.keys().cloned()),
        // Flattened structs; the types have no cycle through `flatten`, so this ends.
        RefOr::T(Schema::AllOf(all)) => {
            all.items.iter().for_each(|schema| collect_fields(schema, schemas, fields));
        }
        RefOr::T(_) => {}
    }
}

type Schemas = Vec<(String, RefOr<Schema>)>;

/// One route on its way into the document.
struct Operation {
    method: HttpMethod,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: Vec<Parameter>,
    body: Option<RefOr<Schema>>,
    answer: Option<RefOr<Schema>>,
    stream: Option<RefOr<Schema>>,
    schemas: Schemas,
}

fn get(id: &'static str, path: &'static str, summary: &'static str) -> Operation {
    operation(HttpMethod::Get, id, path, summary)
}

fn post(id: &'static str, path: &'static str, summary: &'static str) -> Operation {
    operation(HttpMethod::Post, id, path, summary)
}

fn operation(method: HttpMethod, id: &'static str, path: &'static str, summary: &'static str) -> Operation {
    let name = path.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| name);
    let parameters = name.map(|name| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("An address as people type it, percent-encoded as one segment."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build()
    });
    Operation {
        method,
        path,
        id,
        summary,
        parameters: parameters.into_iter().collect(),
        body: None,
        answer: None,
        stream: None,
        schemas: Vec::new(),
    }
}

impl Operation {
    fn query<Q: IntoParams>(mut self) -> Self {
        self.parameters.extend(Q::into_params(|| Some(ParameterIn::Query)));
        self
    }

    fn reference<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into_owned(), T::schema()));
        Ref::from_schema_name(T::name()).into()
    }

    fn body<T: ToSchema>(mut self) -> Self {
        self.body = Some(self.reference::<T>());
        self
    }

    fn answer<T: ToSchema>(mut self) -> Self {
        let reference = self.reference::<T>();
        self.answer_of(reference)
    }

    fn answer_of(mut self, schema: RefOr<Schema>) -> Self {
        self.answer = Some(schema);
        self
    }

    fn stream<T: ToSchema>(mut self) -> Self {
        self.stream = Some(self.reference::<T>());
        self
    }
}

#[derive(Default)]
struct Collector {
    paths: BTreeMap<&'static str, PathItem>,
    schemas: BTreeMap<String, RefOr<Schema>>,
}

impl Collector {
    fn add(&mut self, mut operation: Operation) {
        let failure = operation.reference::<ErrorBody>();
        let mut success = ResponseBuilder::new().description("Done");
        if let Some(schema) = operation.answer {
            success = success.content("application/json", ContentBuilder::new().schema(Some(schema)).build());
        }
        if let Some(schema) = operation.stream {
            // Each event's data is one such object; its id is the cursor.
            success =
                success.content("text/event-stream", ContentBuilder::new().schema(Some(schema)).build());
        }
        let failure = ContentBuilder::new().schema(Some(failure)).build();
        let failure = ResponseBuilder::new()
            .description("Refused or failed: 400 usage, 404 not found, 409 not in this state, 503 environment, 504 timed out, 500 the rest")
            .content("application/json", failure);
        let mut built = OperationBuilder::new()
            .operation_id(Some(operation.id))
            .summary(Some(operation.summary))
            .response("200", success)
            .response("default", failure);
        for parameter in operation.parameters {
            built = built.parameter(parameter);
        }
        if let Some(schema) = operation.body {
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let body = RequestBodyBuilder::new().content("application/json", content);
            built = built.request_body(Some(body.required(Some(Required::True)).build()));
        }
        let item = PathItem::new(operation.method, built);
        match self.paths.get_mut(operation.path) {
            Some(known) => known.merge_operations(item),
            None => drop(self.paths.insert(operation.path, item)),
        }
        self.schemas.extend(operation.schemas);
    }

    fn finish(self) -> OpenApi {
        let paths =
            self.paths.into_iter().fold(PathsBuilder::new(), |paths, (path, item)| paths.path(path, item));
        let components = ComponentsBuilder::new().schemas_from_iter(self.schemas).build();
        let description = "The API of ganger's daemon over its Unix socket. Moments are RFC 3339 in UTC, durations \
                           end in `_ms`, money is in millionths of a US dollar, and what is unknown is null.";
        OpenApiBuilder::new()
            .info(InfoBuilder::new().title("ganger").version("1").description(Some(description)).build())
            .paths(paths)
            .components(Some(components))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_the_one_that_the_types_give() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(file, document_text()).unwrap();
        }
        let committed = std::fs::read_to_string(file).unwrap_or_default();
        assert!(
            committed == document_text(),
            "crates/api/openapi.json differs: UPDATE_OPENAPI=1 cargo test -p ganger-api, then read the difference"
        );
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        let value = serde_json::to_value(document()).unwrap();
        let text = value.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(value.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
