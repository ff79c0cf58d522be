"""``avrogen docs``: a catalogue of schemas and topics, as HTML pages and as an AsyncAPI document.

    site              files of the catalogue: pages, style, script, search index
    catalogue_model   schemas and topics that have a page, and their dependencies
    ownership         owners, tags, status and deprecation
    site_texts        title, introduction, pages, links and logo of the configuration
    urls              paths of pages, and links between them
    index_pages       overview, and pages of namespaces and topics
    type_page         page of a type
    changes_page      page of what has changed since a baseline
    views             parts of pages: links, type annotations, diagrams, examples
    example_snippets  an example of each type, in JSON and Python
    graphs            contents of dependency diagrams
    graph_layout      coordinates of diagrams
    asyncapi          AsyncAPI document
    yaml_writer       JSON values as YAML
    catalog_json      JSON document for tools
    visible_text      escapes for characters that nobody sees

All of it is pure except ``build_catalogue`` in ``site``, which reads and compares;
``compiler/output`` writes.
"""
