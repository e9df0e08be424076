# syntax=docker/dockerfile:1
# convrec's server. `docker build .` makes the image for CPUs; `docker build --target gpu .` one that serves a language model by vLLM on a GPU.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS built
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/convrec
ENV PATH=/opt/convrec/bin:$PATH
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY core core
COPY catalogue catalogue
COPY tools tools
COPY prompts prompts
COPY agent agent
COPY evaluation evaluation
COPY finetune finetune
COPY ui ui
# torch without CUDA: the compact engine needs no GPU, and the image is gigabytes smaller
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --extra-index-url ${TORCH_INDEX} -c constraints.txt '.[ui,serve,mcp,llm,postgres,telemetry]'

FROM python:${PYTHON}-slim-bookworm AS server
# implicit, lightgbm and torch count in parallel by OpenMP; Debian's security updates come with its newest version
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 convrec && useradd --uid 10001 --gid convrec --create-home convrec \
    && install -d -o convrec -g convrec /workspace
COPY --from=built /opt/convrec /opt/convrec
ENV PATH=/opt/convrec/bin:$PATH PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 CONVREC_WORKSPACE=/workspace CONVREC_SERVER_LOG=json
USER 10001
WORKDIR /workspace
VOLUME /workspace
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["convrec"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

FROM vllm/vllm-openai:v0.32.0 AS gpu
RUN groupadd --gid 10001 vllm && useradd --uid 10001 --gid vllm --create-home vllm && install -d -o vllm -g vllm /models
USER 10001
WORKDIR /models
VOLUME /models
EXPOSE 8001
HEALTHCHECK --interval=30s --timeout=5s --start-period=600s --retries=3 \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8001/health', timeout=4)"]
ENTRYPOINT ["vllm", "serve"]
CMD ["/models/model", "--served-model-name", "model", "--port", "8001", "--structured-outputs-config", "{\"backend\": \"guidance\", \"disable_any_whitespace\": true}"]

FROM server
