"""Build plugins for hatchling and setuptools: they generate a package while a wheel is built.

In reading order:

    hatch_plugin         build hook of hatchling
    setuptools_plugin    plugin of setuptools, which adds a step to builds
    setuptools_command   that step
    project              pyproject.toml and paths, with the standard library alone
    plugin_config        configuration of the plugins
    package_generator    generation of the package
"""
