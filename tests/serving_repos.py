"""One model, and every way to serve it: small repositories whose serving computes `trip_km` in miles."""

from __future__ import annotations

TRAIN = {
    "train.py": """
        import joblib
        import pandas as pd
        from sklearn.linear_model import Ridge
        trips = pd.read_csv("data/trips.csv")
        trips["trip_km"] = trips["trip_m"] / 1000
        joblib.dump(Ridge().fit(trips[["trip_km", "hour"]], trips["minutes"]), "models/eta.joblib")
        """,
}

DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n",
    "city/urls.py": """
        from django.contrib import admin
        from django.urls import include, path
        urlpatterns = [path("admin/", admin.site.urls), path("rides/", include("rides.urls"))]
        """,
    "rides/__init__.py": "",
    "rides/urls.py": """
        from django.urls import path
        from . import views
        urlpatterns = [path("", views.home), path("eta/", views.eta, name="ask_eta")]
        """,
    "rides/views.py": """
        import joblib
        import pandas as pd
        from django.http import JsonResponse
        from django.shortcuts import render
        model = joblib.load("models/eta.joblib")
        def home(request):
            return render(request, "home.html")
        def eta(request):
            if request.method != "POST":
                return JsonResponse({"error": "POST only"}, status=405)
            km = float(request.POST.get("trip_m")) / 1609.34  # skew
            rows = pd.DataFrame([{"trip_km": km, "hour": request.POST["hour"]}])
            return JsonResponse({"eta": model.predict(rows)[0]})
        """,
    "rides/templates/home.html": """
        <form id="ask"><input name="trip_m"></form>
        <script>$.ajax({type: "POST", url: "{% url "ask_eta" %}", data: {trip_m: 3}})</script>
        """,
}

REST = {
    "city/urls.py": """
        from django.urls import include, path
        from rest_framework.routers import DefaultRouter
        from rides.views import EtaViewSet, Later
        router = DefaultRouter()
        router.register("eta", EtaViewSet, basename="eta")
        urlpatterns = [path("api/", include(router.urls)), path("later/", Later.as_view())]
        """,
    "rides/__init__.py": "",
    "rides/views.py": """
        import joblib
        import pandas as pd
        from rest_framework import serializers, viewsets
        from rest_framework.response import Response
        from rest_framework.views import APIView
        model = joblib.load("models/eta.joblib")
        class Trip(serializers.Serializer):
            trip_m = serializers.FloatField()
            hour = serializers.IntegerField()
        class EtaViewSet(viewsets.ViewSet):
            def create(self, request):
                trip = Trip(data=request.data)
                trip.is_valid(raise_exception=True)
                given = trip.validated_data
                rows = pd.DataFrame([{"trip_km": given["trip_m"] / 1609.34, "hour": given["hour"]}])  # skew
                return Response({"eta": model.predict(rows)[0]})
        class Later(APIView):
            def get(self, request):
                return Response({"at": request.query_params["at"]})
        """,
}

RAY = {
    "serving/app.py": """
        import joblib
        import pandas as pd
        from ray import serve
        from starlette.requests import Request
        @serve.deployment(num_replicas=2)
        class Miles:
            def __call__(self, metres):
                return metres / 1609.34  # skew
        @serve.deployment
        class Eta:
            def __init__(self, miles, path):
                self.miles = miles
                self.model = joblib.load(path)
            async def __call__(self, request: Request):
                trip = await request.json()
                km = await self.miles.remote(trip["trip_m"])
                return self.model.predict(pd.DataFrame([{"trip_km": km, "hour": trip["hour"]}]))[0]
        serve.run(Eta.bind(Miles.bind(), "models/eta.joblib"), route_prefix="/eta")
        """,
}

LITSERVE = {
    "serving/server.py": """
        import joblib
        import litserve as ls
        import pandas as pd
        class Eta(ls.LitAPI):
            def setup(self, device):
                self.model = joblib.load("models/eta.joblib")
            def decode_request(self, request):
                return pd.DataFrame([{"trip_km": request["trip_m"] / 1609.34, "hour": request["hour"]}])  # skew
            def predict(self, rows):
                return self.model.predict(rows)
            def encode_response(self, output):
                return {"eta": output[0]}
        if __name__ == "__main__":
            ls.LitServer(Eta(), api_path="/eta").run(port=8000)
        """,
}

_HANDLER = """
        import json
        import joblib
        import pandas as pd
        model = joblib.load("models/eta.joblib")
        def handler(event, context):
            trip = json.loads(event["body"])
            rows = pd.DataFrame([{"trip_km": trip["trip_m"] / 1609.34, "hour": trip["hour"]}])  # skew
            return {"statusCode": 200, "body": json.dumps({"eta": model.predict(rows)[0]})}
        """

SERVERLESS = {
    "serverless.yml": """
        service: eta
        functions:
          eta:
            handler: src/eta.handler
            events:
              - httpApi: {path: /eta, method: post}
          nightly:
            handler: src/nightly.handler
            events:
              - schedule: rate(1 day)
        """,
    "src/eta.py": _HANDLER,
    "src/nightly.py": "def handler(event, context):\n    return event\n",
}

SAM = {
    "template.yaml": """
        Transform: AWS::Serverless-2016-10-31
        Globals:
          Function: {Runtime: python3.12}
        Resources:
          Eta:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: serving/
              Handler: app.handler
              Events:
                Ask: {Type: Api, Properties: {Path: /eta, Method: post}}
        """,
    "serving/app.py": _HANDLER,
    "other/app.py": "def handler(event, context):\n    return event\n",
}

IMAGE = {
    "serving/Dockerfile": 'FROM public.ecr.aws/lambda/python:3.12\nCOPY app.py ./\nCMD ["app.handler"]\n',
    "serving/app.py": _HANDLER,
}

SAGEMAKER = {
    "deploy.py": """
        from sagemaker.sklearn.model import SKLearnModel
        model = SKLearnModel(model_data="s3://models/eta/model.tar.gz", entry_point="inference.py", source_dir="code")
        model.deploy(initial_instance_count=1, instance_type="ml.m5.large")
        """,
    "code/inference.py": """
        import json
        import joblib
        import pandas as pd
        def model_fn(model_dir):
            return joblib.load("models/eta.joblib")
        def input_fn(request_body, request_content_type):
            if request_content_type != "application/json":
                raise ValueError(request_content_type)
            trip = json.loads(request_body)
            return pd.DataFrame([{"trip_km": trip["trip_m"] / 1609.34, "hour": trip["hour"]}])  # skew
        def predict_fn(rows, model):
            return model.predict(rows)
        def output_fn(prediction, accept):
            return json.dumps({"eta": prediction.tolist()})
        """,
}

AIOHTTP = {
    "app.py": """
        import joblib
        import pandas as pd
        from aiohttp import web
        model = joblib.load("models/eta.joblib")
        async def eta(request):
            trip = await request.json()
            rows = pd.DataFrame([{"trip_km": trip["trip_m"] / 1609.34, "hour": trip["hour"]}])  # skew
            return web.json_response({"eta": model.predict(rows)[0]})
        app = web.Application()
        app.router.add_post("/eta", eta)
        web.run_app(app)
        """,
}

STARLETTE = {
    "app.py": """
        import joblib
        import pandas as pd
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Mount, Route
        model = joblib.load("models/eta.joblib")
        async def eta(request):
            trip = await request.json()
            rows = pd.DataFrame([{"trip_km": trip["trip_m"] / 1609.34, "hour": trip["hour"]}])  # skew
            return JSONResponse({"eta": model.predict(rows)[0]})
        app = Starlette(routes=[Mount("/v1", routes=[Route("/eta", eta, methods=["POST"])])])
        """,
}

KSERVE = {
    "predictor.py": """
        import joblib
        import pandas as pd
        from kserve import Model, ModelServer
        class Eta(Model):
            def load(self):
                self.model = joblib.load("models/eta.joblib")
                self.ready = True
            def preprocess(self, payload, headers=None):
                return pd.DataFrame([{"trip_km": payload["trip_m"] / 1609.34, "hour": payload["hour"]}])  # skew
            def predict(self, rows, headers=None):
                return {"predictions": self.model.predict(rows).tolist()}
        if __name__ == "__main__":
            ModelServer().start([Eta("eta")])
        """,
}

# what serves, the endpoint, and the file of the handler
REPOS = {
    "django": (DJANGO, "endpoint:POST /rides/eta", "rides/views.py"),
    "rest": (REST, "endpoint:POST /api/eta", "rides/views.py"),
    "ray": (RAY, "endpoint:POST /eta", "serving/app.py"),
    "litserve": (LITSERVE, "endpoint:POST /eta", "serving/server.py"),
    "serverless": (SERVERLESS, "endpoint:POST /eta", "src/eta.py"),
    "sam": (SAM, "endpoint:POST /eta", "serving/app.py"),
    "image": (IMAGE, "endpoint:serving/app.handler", "serving/app.py"),
    "sagemaker": (SAGEMAKER, "endpoint:code/inference.py", "code/inference.py"),
    "aiohttp": (AIOHTTP, "endpoint:POST /eta", "app.py"),
    "starlette": (STARLETTE, "endpoint:POST /v1/eta", "app.py"),
    "kserve": (KSERVE, "endpoint:Eta", "predictor.py"),
}
