"""Clients of a schema registry (Confluent's REST API).

Modules, in reading order:

    protocol            SchemaRegistry: the calls, as a protocol; the values that they return
    client              ConfluentRegistry: each call is one HTTP request; parses responses
    rest                HTTP, bounded in size and time
    deadline            one deadline for all socket operations of an exchange
    request             requests, responses, errors of HTTP statuses
    retrying            RetryingRegistry, Retries: retries of transient errors
    caching             CachingRegistry, TtlCache: responses that are kept
    connection          connect(): the client with retries and cache
    data_contracts      DataContract: rules and metadata of a schema; refusal of active rules
    async_registry      AsyncRegistry: the same calls for asyncio
    schema_references   a schema with the types that it refers to; split into subjects
    registration        lookup and registration of schemas under their subjects
"""
