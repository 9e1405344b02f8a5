//! The words between ganger's daemon and its faces: wire types, routes, client, OpenAPI document.
