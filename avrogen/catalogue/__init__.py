"""``avrogen docs``: the event landscape as pages for people, and as an AsyncAPI document.

run          from paths to what has to change in the output folder
landscape    everything that has a page, and what it has to do with the rest
addresses    where pages are
wording      types in words, with links
examples     an example of each type, in Avro's JSON encoding (avro_json) and in Python
             (python_source)
graph        pictures of who refers to whom: columns, layout, and drawing
views        what each kind of page shows
pages        the pages themselves, by templates
search       what the search in the pages looks through
asyncapi     the AsyncAPI document; yaml_text writes it down

All of it is a pure function but for ``build_catalogue``, which reads and compares; ``compiler/output`` writes.
"""
